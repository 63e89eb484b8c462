"""The share of people who answered and met nobody."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Abandonment:
    """Counts of one campaign in one period."""

    answered: int = 0
    """Calls answered by a person, abandoned ones included."""
    abandoned: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.abandoned <= self.answered:
            raise ValueError(f"{self.abandoned} of {self.answered} people cannot have been abandoned")

    @property
    def rate(self) -> float | None:
        """Abandoned / answered by a person; None before anybody answered."""
        return self.abandoned / self.answered if self.answered else None

    def after_answer(self, *, abandoned: bool) -> "Abandonment":
        """The counts with one more person in them."""
        return Abandonment(self.answered + 1, self.abandoned + abandoned)
