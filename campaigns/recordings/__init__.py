"""Recordings of conversations: the files, the index of them, and who may hear them."""
