"""What the compliance commands show to people."""

from collections.abc import Sequence
from datetime import date, time

from campaigns.compliance.audit import ComplianceReport
from campaigns.compliance.explain import LeadAnswer, NumberExplained
from campaigns.compliance.retention import Purge
from campaigns.compliance.rule_list import RuleList
from campaigns.core.audit import OptOut
from campaigns.reports.text import Cell, Table

_DAY_COLUMNS = (
    "day",
    "calls",
    "earliest",
    "latest",
    "outside window",
    "not judged",
    "most in 24 h",
    "most in 7 days",
    "number gone",
    "abandoned",
    "opt-outs",
)
_PERIOD_COLUMNS = ("rule", "country", "from", "until", "dropped", "live", "share", "limit", "is")
_DECISION_COLUMNS = ("rule set", "version", "first used", "calls", "jurisdictions", "exemptions")
_EXEMPTION_COLUMNS = ("id", "rule", "granted by", "reference", "since", "ended")


def rule_lines(found: RuleList) -> list[str]:
    """The rules by jurisdiction: what each says, and below it where that is written."""
    lines = []
    for each in found.jurisdictions:
        lines.append(f"{each.name} ({each.id})")
        for rule in each.rules:
            text = "in its own text" if rule.read_in_own_text else "not in its own text"
            lines += [f"  {rule.id}: {rule.says}", f"      {rule.source}; read {rule.read}, {text}"]
            lines += [f"      {rule.note}"] if rule.note else []
        lines.append("")
    return [*lines, f"Version of the rules: {found.version}. This is not legal advice."]


def explanation_lines(found: NumberExplained) -> list[str]:
    """Every rule and its answer for one number."""
    campaign = f"campaign {found.campaign} ({found.kind}, {found.dial_mode})"
    lines = [f"{found.phone} at {found.at.isoformat()} in {campaign}, rules {found.rules_version}"]
    for answer in found.answers:
        lines += ["", *_answer_lines(answer)]
    return lines


def report_tables(report: ComplianceReport) -> list[Table]:
    """The whole report for an auditor."""
    return [
        _figures(report),
        _days(report),
        _opt_outs(report),
        Table(
            "Denied calls by reason",
            ("day", "rule", "code", "denials"),
            [(each.day.isoformat(), each.rule, each.code, each.denials) for each in report.denials],
        ),
        _periods(report),
        _decisions(report),
        Table(
            "Exemptions in force",
            _EXEMPTION_COLUMNS,
            [
                (each.id, each.rule, each.granted_by, each.reference, each.recorded_at, each.ended_at)
                for each in report.exemptions
            ],
        ),
    ]


def purge_tables(done: Purge) -> list[Table]:
    """What was emptied, and what was not."""
    what = "Calls that would be emptied" if done.dry_run else "Calls that were emptied"
    tables = [
        Table(
            f"{what}: {done.emptied:,}",
            ("country", "campaigns", "kept for months", "by", "calls"),
            [
                (
                    each.country or "unknown",
                    each.kind,
                    each.keep_months,
                    each.rule or "--keep-months",
                    each.emptied,
                )
                for each in done.by_country
            ],
        )
    ]
    if done.undecided:
        rows = [(each.country or "unknown", each.kind, each.calls) for each in done.undecided]
        title = "Old calls that are kept: no rule says how long, so that --keep-months has to"
        tables.append(Table(title, ("country", "campaigns", "calls"), rows))
    return tables


def _answer_lines(answer: LeadAnswer) -> list[str]:
    where = ", ".join(answer.subdivisions or answer.countries) or "nobody knows where"
    lines = [
        answer.about,
        f"  {answer.sentence}",
        f"  next allowed: {answer.next_allowed_at or 'not by itself'}",
    ]
    lines.append(f"  the person may be in: {where}")
    lines += [f"  {each.id} ({each.name}): {' '.join(each.why)}" for each in answer.jurisdictions]
    for zone in answer.zones:
        clock = zone.local_time.strftime("%a %Y-%m-%d %H:%M %Z") if zone.local_time else "unknown"
        lines.append(f"  zone {zone.zone}: {clock}, {'open' if zone.open else 'closed'}")
    for rule in answer.rules:
        mark = "yes" if rule.passed else "NO "
        lines.append(f"  {mark}  {rule.rule}: {rule.sentence} (from {rule.source})")
        lines += [f"       {rule.says}"] if rule.says else []
    lines += [f"  also {rule.id}: {rule.says}" for rule in answer.also_hold]
    lines += [
        f"  exempt from {each.rule_id}, granted by {each.granted_by} ({each.reference or 'no reference'})"
        for each in answer.exemptions
    ]
    return lines


def _figures(report: ComplianceReport) -> Table:
    rows: list[Sequence[Cell]] = [
        ("client", report.client),
        ("kind", report.kind),
        ("dial mode", report.dial_mode),
        ("days (UTC)", f"{report.first_day} to {report.last_day}"),
        ("judged by rules", report.rules_version),
        ("calls", report.calls),
        ("outside their window", report.outside_window),
        ("not judged", report.not_judged),
        ("most to one number in 24 h", report.most_within_24_hours),
        ("most to one number in 7 days", report.most_within_7_days),
        ("abandoned", report.messages.abandoned),
        ("message heard", report.messages.heard),
    ]
    if report.attempts_outside_window:
        ids = ", ".join(map(str, report.attempts_outside_window))
        rows.append(("attempts outside", ids))
    return Table(f"Campaign {report.campaign_id}: {report.campaign}", ("figure", "value"), rows)


def _days(report: ComplianceReport) -> Table:
    rows = [
        (
            _day(each.day),
            each.calls,
            _clock(each.earliest),
            _clock(each.latest),
            each.outside_window,
            each.not_judged,
            each.most_within_24_hours,
            each.most_within_7_days,
            each.number_not_kept,
            each.abandoned,
            each.opt_outs,
        )
        for each in report.days
    ]
    return Table("Calls by day (UTC); earliest and latest on the callee's clock", _DAY_COLUMNS, rows)


def _opt_outs(report: ComplianceReport) -> Table:
    found = report.opt_outs
    title = (
        f"Opt-outs: {found.count:,}; held {found.held:,}, not held {found.not_held:,}, "
        f"not known {found.not_known:,}; calls after {found.calls_after:,}"
    )
    return Table(
        title,
        ("attempt", "asked at", "held after s", "calls after"),
        [_opt_out(each) for each in found.listed],
    )


def _opt_out(each: OptOut) -> tuple[Cell, ...]:
    return str(each.attempt_id), each.asked_at, each.held_after_s, each.calls_after


def _periods(report: ComplianceReport) -> Table:
    rows = [
        (
            each.rule,
            each.country or "unknown",
            each.start,
            each.end,
            each.dropped,
            each.live,
            None if each.share is None else f"{each.share:.2%}",
            f"{each.limit:.2%}",
            "over" if each.over else "within",
        )
        for each in report.abandonment
    ]
    return Table("Abandoned calls by legal period", _PERIOD_COLUMNS, rows)


def _decisions(report: ComplianceReport) -> Table:
    rows = [
        (
            each.rule_set or "not recorded",
            each.version or None,
            each.first_used_at,
            each.calls,
            ", ".join(each.jurisdictions),
            ", ".join(each.exemptions),
        )
        for each in report.decisions
    ]
    return Table("Rules that the calls were asked by", _DECISION_COLUMNS, rows)


def _day(day: date) -> str:
    return day.isoformat()


def _clock(at: time | None) -> str | None:
    return f"{at:%H:%M:%S}" if at else None
