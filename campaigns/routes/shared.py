"""What the routes of the campaigns room share."""

from typing import Annotated

from fastapi import Depends, Request

from campaigns.compliance.rulebook import Rulebook


def _rules(request: Request) -> Rulebook:
    rules: Rulebook = request.app.state.rules
    return rules


RulesOf = Annotated[Rulebook, Depends(_rules)]
