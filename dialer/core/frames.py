"""The portions in which a telephone's sound comes and is looked at."""

RATE_HZ = 8000
FRAME = 160
"""Samples: 20 ms, as packets bring them."""
FRAME_S = FRAME / RATE_HZ
