"""What is printed: one line a detector, then our own by kind, condition and reason, and the trade-off."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from bench.amd.figures import Share, figures, taken_for_machine
from bench.amd.trial import Judged
from dialer.core.amd import CONFIDENCE


def overview(results: Mapping[str, Sequence[Judged]]) -> Iterable[str]:
    """All detectors on the same calls."""
    yield (
        f"{'detector':34} {'people taken for machines':30} {'machines taken for people':30} "
        f"{'person: decided after, s':24} {'machine: after, s':18} {'waited after greeting':21} "
        f"{'over 2 s':24} CPU ms a call"
    )
    yield f"{'':34} {'':30} {'':30} {'p50   p90   p99':24} {'p50   p90   p99':18} {'p50   p90   p99':21}"
    for name, judged in results.items():
        found = figures(judged)
        yield (
            f"{name:34} {found.false_positive!s:30} {found.false_negative!s:30} {found.took_person!s:24} "
            f"{found.took_machine!s:18} {found.waited!s:21} {found.over_legal!s:24} {found.cpu_ms:6.1f}"
        )


def by_kind(results: Mapping[str, Sequence[Judged]]) -> Iterable[str]:
    """The share that was taken for the wrong one, by kind of call and by condition."""
    for field in ("kind", "condition"):
        yield ""
        yield f"{'taken for the wrong one':34} " + " ".join(f"{name:30}" for name in results)
        some = next(iter(results.values()))
        keys = sorted({(each.sample.truth, str(getattr(each.sample, field))) for each in some})
        for truth, value in keys:
            if truth not in ("person", "machine"):
                continue
            shares = [
                _wrong(
                    [
                        each
                        for each in judged
                        if (each.sample.truth, getattr(each.sample, field)) == (truth, value)
                    ]
                )
                for judged in results.values()
            ]
            yield f"{truth + ': ' + value:34} " + " ".join(f"{share!s:30}" for share in shares)
    yield ""
    yield f"{'faxes not heard as one':34} " + " ".join(
        f"{figures(judged).fax_missed!s:30}" for judged in results.values()
    )


def by_reason(judged: Sequence[Judged]) -> Iterable[str]:
    """How often each reason of a verdict is right where half are people, beside what is claimed."""
    totals = Counter(each.sample.truth for each in judged)
    yield ""
    yield f"{'why':20} {'people':>7} {'machines':>9} {'other':>6}   right where half are people   claimed"
    for why in CONFIDENCE:
        found = Counter(each.sample.truth for each in judged if each.why == why)
        person, machine = found["person"] / totals["person"], found["machine"] / totals["machine"]
        right = {"long_greeting": machine, "beep": machine}.get(why, person) / max(person + machine, 1e-9)
        other = found.total() - found["person"] - found["machine"]
        shown = f"{right:.2f}" if person + machine else "-"
        yield (
            f"{why:20} {found['person']:7} {found['machine']:9} {other:6}   {shown:>27}   "
            f"{CONFIDENCE[why]:.2f}"
        )


def of_texts(judged: Sequence[Judged]) -> str:
    """How many texts the errors come from: calls with one text resemble each other."""
    people = [each for each in judged if each.sample.truth == "person"]
    texts = {_text(each) for each in people}
    wrong = Counter(_text(each) for each in people if taken_for_machine(each))
    most = "; ".join(f"{count} of {text!r}" for text, count in wrong.most_common(3))
    return f"People taken for machines: {len(wrong)} of {len(texts)} texts and prompts; {most or 'none'}."


def _text(judged: Judged) -> str:
    """Of espeak-ng's and festival's the text without its voice."""
    words = judged.sample.source.split(" ", 1)
    return words[1] if ":" in words[0] and len(words) > 1 else judged.sample.source


def _wrong(judged: Sequence[Judged]) -> Share:
    count = sum(taken_for_machine(each) == (each.sample.truth == "person") for each in judged)
    return Share(count, len(judged))
