"""Whether the do-not-call entries forbid a number."""

import pytest

from leads.core.suppression import Suppression, suppression_reason

NUMBER, OTHER = "+14155550101", "+14155550102"


@pytest.mark.parametrize(
    ("entries", "client_id", "named"),
    [
        ([], 1, None),
        ([Suppression(OTHER, None, "")], 1, None),
        ([Suppression(NUMBER, 2, "")], 1, None),
        ([Suppression(NUMBER, 2, "")], None, None),
        ([Suppression(NUMBER, None, "")], 1, "everyone's"),
        ([Suppression(NUMBER, None, "")], None, "everyone's"),
        ([Suppression(NUMBER, 1, "")], 1, "the client's"),
        ([Suppression(NUMBER, 1, ""), Suppression(NUMBER, None, "")], 1, "everyone's"),
        (
            [Suppression(OTHER, None, ""), Suppression(NUMBER, 2, ""), Suppression(NUMBER, 1, "")],
            1,
            "the client's",
        ),
    ],
)
def test_an_entry_for_everyone_or_for_the_client_forbids_the_call(
    entries: list[Suppression], client_id: int | None, named: str | None
) -> None:
    reason = suppression_reason(NUMBER, client_id, entries)
    assert reason is None if named is None else (reason is not None and named in reason)


def test_the_reason_that_was_given_is_told() -> None:
    reason = suppression_reason(NUMBER, 1, [Suppression(NUMBER, 1, "asked on a call")])
    assert reason == "The number is on the client's do-not-call list: asked on a call."
