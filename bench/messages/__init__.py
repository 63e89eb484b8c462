"""Messages at size, with a crash in the middle."""
