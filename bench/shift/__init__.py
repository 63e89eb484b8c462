"""A shift of the whole dialer: many agents and lines for some minutes, and what they are promised."""
