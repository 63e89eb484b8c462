"""Judges anew whether a call that is on record was in its window, by the rules in force now."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from campaigns.compliance.rulebook import Rulebook
from campaigns.core.audit import in_window
from campaigns.core.calendar import Calendar
from campaigns.core.calling_window import CallableTimes
from campaigns.core.jurisdiction import Place, place_of
from campaigns.core.policy import Exemption, OwnRules, own_calendar
from campaigns.stores.audit import AuditStore, RecordedCall
from campaigns.tables import Campaign

_TELLS_THE_PLACE = len("+1202")


class Judge:
    """Knows the hours for each kind of call that it has met.

    The laws' hours are those of the rules that are loaded now. The client's own hours, its closed days and
    its exemptions are those of when the call was asked for, which its rule set has kept: what was closed
    later, or an exemption that has ended since, makes no call wrong afterwards.
    """

    def __init__(self, rules: Rulebook, campaign: Campaign) -> None:
        self._rules = rules
        self._campaign = campaign
        self._calendars: dict[str, Calendar] = {}

    async def learn(self, store: AuditStore, calls: Sequence[RecordedCall]) -> None:
        """Reads what these calls are judged by, where it is not known yet."""
        new = {_judged_by(call): call for call in calls if _judged_by(call) not in self._calendars}
        known = await store.rule_sets({rule_set_of(call) for call in new.values()} - {""})
        for name, call in new.items():
            rule_set = known.get(rule_set_of(call))
            self._calendars[name] = (
                self._by_number(call) if rule_set is None else self._by_rule_set(rule_set.body)
            )

    def in_window(self, call: RecordedCall) -> bool | None:
        """Whether a call that was learned about was in its window; None where nobody can tell."""
        return in_window(self._calendars[_judged_by(call)], zones_of(call), call.placed_at)

    def _by_number(self, call: RecordedCall) -> Calendar:
        """The laws of wherever the number may be, for a call without a rule set."""
        place = place_of(call.e164, call.country)
        return self._rules.policy(place, self._campaign.kind, self._campaign.dial_mode).calendar

    def _by_rule_set(self, body: dict[str, Any]) -> Calendar:
        parts = [each.partition("-") for each in body["subdivisions"]]
        place = Place(frozenset(body["countries"]), frozenset((country, code) for country, _, code in parts))
        times = CallableTimes.parse(body["own_times"])
        closed_on = [date.fromisoformat(day) for day in body["own_closed_on"]]
        exemptions = [
            Exemption(each["rule"], each["granted_by"], each["reference"]) for each in body["exemptions"]
        ]
        own = OwnRules(own_calendar([times], closed_on), exemptions=self._rules.known(exemptions))
        return self._rules.policy(place, body["kind"], body["dial_mode"], own).calendar


def zones_of(call: RecordedCall) -> tuple[str, ...]:
    """The zones that had to be open; none where the record does not say."""
    zones = call.permit.get("zones")
    return tuple(str(zone) for zone in zones) if isinstance(zones, list) else ()


def rule_set_of(call: RecordedCall) -> str:
    """The fingerprint of the rules that a call was asked by; empty where the record does not say."""
    return str(call.permit.get("rule_set", ""))


def _judged_by(call: RecordedCall) -> str:
    """What calls have in common that are judged by one calendar."""
    return rule_set_of(call) + call.country + call.e164[:_TELLS_THE_PLACE]
