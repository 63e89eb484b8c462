"""How fast the calling rules answer, and whether an oracle agrees with them a million times."""
