"""Formulas that stand in a list where values should."""

import re
from collections.abc import Iterable, Sequence

ROWS_LOOKED_AT = 100
"""How many of a file's first rows tell whether its phones are formulas."""

UNVALUED = "="
"""Stands for a workbook's formula that has no value."""

_WITH_A_NUMBER = re.compile(r"=(?:[\d\s+()./-]+|hyperlink\(.*)", re.IGNORECASE | re.DOTALL)


def is_formula(text: str) -> bool:
    """Whether a cell says how to calculate its value, as =A2&B2 does.

    No formula is a number behind an equals sign, nor a link, whose number stands in it.
    """
    return text.startswith("=") and not _WITH_A_NUMBER.fullmatch(text)


def are_formulas(rows: Iterable[Sequence[str]]) -> bool:
    """Whether the phones of these rows are formulas: in more than half of the rows, and there is no other."""
    filled = [[text for text in phones if text] for phones in rows]
    if not all(is_formula(text) for phones in filled for text in phones):
        return False
    return 2 * sum(map(bool, filled)) > len(filled)
