"""Messages to people: made here, sent by drivers, and what came of them."""
