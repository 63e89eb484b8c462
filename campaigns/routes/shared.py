"""What the routes of the campaigns room share."""

from typing import Annotated

from fastapi import Depends, Request

from campaigns.compliance.rulebook import Rulebook
from campaigns.recordings.folder import RecordingFolder


def _rules(request: Request) -> Rulebook:
    rules: Rulebook = request.app.state.rules
    return rules


def _recordings(request: Request) -> RecordingFolder:
    folder: RecordingFolder = request.app.state.recordings
    return folder


RulesOf = Annotated[Rulebook, Depends(_rules)]
RecordingsOf = Annotated[RecordingFolder, Depends(_recordings)]
