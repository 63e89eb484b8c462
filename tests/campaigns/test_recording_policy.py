"""Who is recorded: by the campaign's setting, by where the person may be, and by what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.campaign import (
    ALWAYS,
    ANNOUNCED,
    ASK,
    ASK_ALL,
    NEVER,
    ON_DEMAND,
    RECORDING,
    RECORDING_CONSENT,
)
from campaigns.core.jurisdiction import Place, place_of
from campaigns.core.recording import REFUSED, TalkRecording, begin_talk, keep_days, policy_for
from campaigns.core.recording_laws import consent_laws
from campaigns.errors import RecordingConsentError, RecordingRefusedError

DC, LOS_ANGELES, TOLL_FREE, BERLIN = "+12025550100", "+12135550100", "+18005550100", "+4930123456"
CALIFORNIA = place_of(LOS_ANGELES, "US")
WASHINGTON_DC = place_of(DC, "US")


def names(e164: str, region: str, *address: str) -> list[str]:
    return [law.name for law in consent_laws(place_of(e164, region, *address))]


def test_one_partys_consent_suffices_in_washington_dc() -> None:
    assert names(DC, "US") == []


@pytest.mark.parametrize(
    ("number", "region", "address", "asks"),
    [
        (LOS_ANGELES, "US", (), ["US-CA"]),
        (DC, "US", ("US", "Florida"), ["US-FL"]),
        (LOS_ANGELES, "US", ("US", "TX"), ["US-CA"]),
        (BERLIN, "DE", (), ["DE"]),
        (DC, "US", ("DE", ""), ["DE"]),
        ("+56221234567", "CL", (), ["CL"]),
    ],
)
def test_wherever_the_person_may_be_counts(
    number: str, region: str, address: tuple[str, ...], asks: list[str]
) -> None:
    assert names(number, region, *address) == asks


def test_who_may_be_anywhere_is_asked() -> None:
    assert [law.name for law in consent_laws(Place(frozenset()))] == ["?"]
    assert "US-CA" in names(TOLL_FREE, "US")
    assert "US-WA" in [law.name for law in consent_laws(Place(frozenset({"US"})))]


def test_every_law_says_where_it_is_written() -> None:
    assert all(law.source for law in consent_laws(Place(frozenset({"US", "DE", "GB", "CL"}))))


# --- a talk ---------------------------------------------------------------------------------------


def talk(recording: str, consent: str = ASK, place: Place = WASHINGTON_DC) -> TalkRecording:
    return begin_talk(policy_for(recording, consent, place))


@pytest.mark.parametrize(
    ("recording", "consent", "place", "runs"),
    [
        (NEVER, ASK, WASHINGTON_DC, False),
        (ALWAYS, ASK, WASHINGTON_DC, True),
        (ALWAYS, ASK, CALIFORNIA, False),
        (ALWAYS, ASK_ALL, WASHINGTON_DC, False),
        (ALWAYS, ANNOUNCED, WASHINGTON_DC, True),
        (ALWAYS, ANNOUNCED, CALIFORNIA, False),
        (ON_DEMAND, ANNOUNCED, CALIFORNIA, False),
    ],
)
def test_what_is_recorded_from_the_first_word_on(
    recording: str, consent: str, place: Place, runs: bool
) -> None:
    assert talk(recording, consent, place).runs is runs


def test_an_agent_starts_stops_and_pauses_on_demand() -> None:
    begun = talk(ON_DEMAND).started()
    assert begun.runs
    paused = begun.after_pause(paused=True)
    assert (paused.runs, paused.after_pause(paused=False).runs, begun.stopped().runs) == (False, True, False)


def test_what_is_always_recorded_is_paused_and_not_stopped() -> None:
    with pytest.raises(RecordingRefusedError, match="pause it"):
        talk(ALWAYS).stopped()
    assert not talk(ALWAYS).after_pause(paused=True).runs


def test_a_campaign_that_records_nothing_lets_nobody_record() -> None:
    for change in (TalkRecording.started, TalkRecording.stopped, lambda each: each.asked(agreed=True)):
        with pytest.raises(RecordingRefusedError):
            change(talk(NEVER, ANNOUNCED))


def test_nobody_is_recorded_before_they_agree_where_they_have_to() -> None:
    asked = talk(ON_DEMAND, ASK, CALIFORNIA)
    with pytest.raises(RecordingConsentError, match="US-CA"):
        asked.started()
    assert asked.asked(agreed=True).started().runs


def test_where_it_has_to_be_announced_it_is_recorded_from_the_agents_word_on() -> None:
    begun = talk(ALWAYS, ANNOUNCED, CALIFORNIA)
    assert (begun.runs, begun.consent) == (False, "")
    with pytest.raises(RecordingConsentError, match=r"Say first .* US-CA"):
        begun.started()
    assert begun.asked(agreed=True).runs
    assert not begun.asked(agreed=False).runs
    assert talk(ALWAYS, ANNOUNCED).consent == ANNOUNCED


def test_a_no_is_for_good() -> None:
    refused = talk(ALWAYS).asked(agreed=False)
    assert not refused.runs
    with pytest.raises(RecordingConsentError):
        refused.asked(agreed=True)
    with pytest.raises(RecordingConsentError):
        refused.started()


STEPS = st.sampled_from(["start", "stop", "pause", "resume", "yes", "no"])
PLACES = st.sampled_from([CALIFORNIA, WASHINGTON_DC, Place(frozenset()), place_of(BERLIN, "DE")])


@given(st.sampled_from(RECORDING), st.sampled_from(RECORDING_CONSENT), PLACES, st.lists(STEPS, max_size=8))
def test_whatever_agents_press_nobody_is_recorded_against_the_rules(
    recording: str, consent: str, place: Place, steps: list[str]
) -> None:
    now = talk(recording, consent, place)
    said_yes = said_no = paused = False
    for step in steps:
        try:
            now = _press(now, step)
        except (RecordingRefusedError, RecordingConsentError):
            continue
        said_yes, said_no = said_yes or step == "yes", said_no or step == "no"
        paused = step == "pause" or (paused and step not in ("resume", "start", "stop"))
    if now.runs:
        assert recording != NEVER
        assert not said_no
        assert not paused
        asks = consent == ASK_ALL or place != WASHINGTON_DC
        assert said_yes or not asks
    if said_no:
        assert now.consent == REFUSED


def _press(now: TalkRecording, step: str) -> TalkRecording:
    match step:
        case "start":
            return now.started()
        case "stop":
            return now.stopped()
        case "pause" | "resume":
            return now.after_pause(paused=step == "pause")
    return now.asked(agreed=step == "yes")


def test_american_debt_collectors_keep_recordings_for_three_years() -> None:
    assert keep_days("collections", {"US"}, 90) >= 3 * 365
    for whoever_is_under_its_law in ({"PR"}, {"GU"}, {"DE", "vi"}, set()):
        assert keep_days("collections", whoever_is_under_its_law, 90) >= 3 * 365
    assert keep_days("sales", set(), 90) == 90
    assert keep_days("collections", {"DE"}, 90) == 90
    assert keep_days("sales", {"US"}, 90) == 90
    assert keep_days("collections", {"US"}, 3650) == 3650
