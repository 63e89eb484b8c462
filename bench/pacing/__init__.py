"""How well each pacing policy does in simulated shifts, beside a bound below and one above."""
