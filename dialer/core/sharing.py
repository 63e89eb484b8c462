"""Shares a node's free lines among the campaigns that want some."""

from collections.abc import Mapping


def share_lines(
    wanted: Mapping[int, int], in_use: Mapping[int, int], weights: Mapping[int, float], free: int
) -> dict[int, int]:
    """How many more lines each campaign gets: all that it wants where there are enough, else by weight.

    Weighted max-min fairness over the lines in use and those to come: what a campaign of great weight does
    not want goes to the others. Lines are given one by one to whoever has the fewest for its weight, the
    lowest number first where two have the same, so that the shares are whole and their sum is min(free, all
    that is wanted). Weights are above 0.
    """
    shares = dict.fromkeys(wanted, 0)
    left = min(max(0, free), sum(max(0, each) for each in wanted.values()))
    while left > 0:
        hungry = [each for each in sorted(wanted) if shares[each] < wanted[each]]
        each = min(hungry, key=lambda one: ((in_use.get(one, 0) + shares[one] + 1) / weights[one], one))
        shares[each] += 1
        left -= 1
    return shares
