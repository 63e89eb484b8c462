"""A world to dial without a telephone network: a carrier with people behind it, softphones, agents."""
