"""Asks the laws and the client whether calls may be made, keeps what was answered, and shows it."""
