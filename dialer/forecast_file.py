"""A campaign's file, as `dialer forecast` reads it: its settings, and a table `[assumptions]`."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from campaigns.core.campaign import DIAL_MODES, CampaignSettings
from campaigns.errors import CampaignsError
from dialer.errors import DialerError
from dialer.simulation.assumptions import Assumptions, InvalidAssumptionError
from dialer.simulation.forecasting import Plan, policy_of

_NOBODY = "+10000000000"
"""A caller ID for a campaign that calls nobody."""
_MOST_BYTES = 1_000_000


class ForecastFileInvalid(DialerError):
    """The campaign's file cannot be used; the message names the file, the key, and what is wrong."""

    code = "forecast-file-invalid"
    exit_code = 2


def read_plan(file: Path, hours: float) -> Plan:
    """A campaign's settings by name and a table `[assumptions]`.

    Raises ForecastFileInvalid and NothingToForecastError.
    """
    values = _read(file)
    if values.get("dial_mode") in DIAL_MODES:
        policy_of(values["dial_mode"])
    assumed = values.pop("assumptions", None)
    if not isinstance(assumed, dict):
        raise ForecastFileInvalid(
            f"{file}: the table [assumptions] is missing; docs/forecast.md tells of it."
        )
    try:
        return plan_of(values, assumed, hours)
    except CampaignsError as error:
        raise ForecastFileInvalid(f"{file}: {error}") from error
    except InvalidAssumptionError as error:
        raise ForecastFileInvalid(f"{file}, [assumptions]: {error}") from error


def plan_of(settings: Mapping[str, Any], assumptions: Mapping[str, Any], hours: float) -> Plan:
    """From values by name. Raises CampaignsError and InvalidAssumptionError."""
    campaign = CampaignSettings.parse({"caller_id": _NOBODY, **settings})
    return Plan(campaign, Assumptions.parse(assumptions), hours)


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ForecastFileInvalid(f"{file} cannot be read: {error.strerror}.") from error
    if len(content) > _MOST_BYTES:
        raise ForecastFileInvalid(f"{file} is too long for a campaign's settings.")
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ForecastFileInvalid(f"{file} is not UTF-8 text.") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ForecastFileInvalid(f"{file} is not TOML: {error}.") from error
