"""Sample files that ship with the program: invented leads, and a do-not-call list of some of them."""

from importlib.resources import files
from pathlib import Path

DEMO_LEADS = Path(str(files("leads").joinpath("data", "demo-leads.csv")))
"""Over 600 rows of believable mess from many countries; its default country is US."""

DEMO_DNC = Path(str(files("leads").joinpath("data", "demo-dnc.csv")))
"""Numbers of some of those leads that nobody may call."""
