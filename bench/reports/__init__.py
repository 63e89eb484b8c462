"""How fast reports are, and what counting calls as they end costs."""
