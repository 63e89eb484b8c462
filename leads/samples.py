"""Files that ship with the program: invented leads, a do-not-call list of some of them, and a template."""

from importlib.resources import files
from pathlib import Path

_DATA = Path(str(files("leads").joinpath("data")))

DEMO_LEADS = _DATA / "demo-leads.csv"
"""Over 600 rows of believable mess from many countries; its default country is US."""

DEMO_DNC = _DATA / "demo-dnc.csv"
"""Numbers of some of those leads that nobody may call."""

TEMPLATE = _DATA / "template.csv"
"""Every column of a lead file, with two example leads."""


def template_text() -> str:
    """What to write to a new file, to start a list with."""
    return TEMPLATE.read_text(encoding="utf-8")
