"""Which message a person hears who gets no agent, and that none is started whom nobody would name."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import service
from campaigns.compliance.client_rules import grant_exemption
from campaigns.core.abandoned_message import AbandonedMessage, choose, lacks_a_message
from campaigns.core.campaign import CampaignSettings
from campaigns.core.jurisdiction import place_of
from campaigns.core.policy import OwnRules
from campaigns.errors import (
    AbandonedMessageMissingError,
    AbandonedMessageNotFoundError,
    CampaignStateError,
    InvalidInputError,
    PromptInUseError,
    PromptNotFoundError,
)
from campaigns.prompts import abandoned, library
from campaigns.stores.shared import Sessions
from tests.campaigns.lawful import LAW, called
from tests.campaigns.lawless import NO_LAW
from tests.campaigns.seeds import ALL_DAY, NOW, people, seed_leads
from tests.campaigns.test_prompts import recording

ANY = AbandonedMessage("", "", "any")
SPANISH = AbandonedMessage("", "es", "spanish")
US = AbandonedMessage("US", "", "us")
US_SPANISH = AbandonedMessage("US", "es", "us-spanish")
US_MEXICAN = AbandonedMessage("US", "es-MX", "us-mexican")
GB = AbandonedMessage("GB", "", "gb")
ALL = (GB, ANY, US_SPANISH, SPANISH, US, US_MEXICAN)


@pytest.mark.parametrize(
    ("countries", "language", "chosen"),
    [
        ({"US"}, "", US),
        ({"US"}, "en", US),
        ({"US"}, "es", US_SPANISH),
        ({"US"}, "es-MX", US_MEXICAN),
        ({"US"}, "ES-ar", US_SPANISH),
        ({"GB"}, "es", GB),
        ({"DE"}, "es", SPANISH),
        ({"DE"}, "de", ANY),
        (set(), "", ANY),
        ({"DE", "US"}, "", US),
    ],
)
def test_the_most_specific_message_that_fits_is_played(
    countries: set[str], language: str, chosen: AbandonedMessage
) -> None:
    assert choose(ALL, countries, language) == chosen


_COUNTRIES, _LANGUAGES = st.sampled_from(["", "US", "GB"]), st.sampled_from(["", "en", "es", "es-MX"])
_MESSAGES = st.lists(st.builds(AbandonedMessage, _COUNTRIES, _LANGUAGES, st.just("p")), unique=True)


@given(_MESSAGES, st.sets(st.sampled_from(["US", "GB", "DE"])), st.sampled_from(["", "en-GB", "es", "fr"]))
def test_one_that_does_not_fit_is_played_only_where_none_does(
    messages: list[AbandonedMessage], countries: set[str], language: str
) -> None:
    chosen = choose(messages, countries, language)
    assert (chosen is None) == (not messages), "any of the client's names the seller"
    assert choose(list(reversed(messages)), countries, language) == chosen
    here = [each for each in messages if not each.country or each.country in countries]
    if here:
        assert chosen in here
    spoken = [
        each for each in here if not each.language or language.lower().startswith(each.language.lower())
    ]
    if spoken:
        assert chosen in spoken


# --- before a campaign starts ---------------------------------------------------------------------


async def campaign(sessions: Sessions, name: str = "A", **chosen: object) -> int:
    """A campaign in draft."""
    values = {"caller_id": "+12025550199", "callable_times": ALL_DAY, **chosen}
    return await service.create_campaign(
        sessions, "acme", name, CampaignSettings.parse(values), ["autumn"], NOW
    )


async def test_none_starts_by_which_somebody_would_not_hear_who_has_called(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    await library.add_prompt(sessions, "acme", "sorry", "en", recording(), NOW)
    power = await campaign(sessions, dial_mode="power")
    for wanted in ({"country": "GB"}, {"country": "US", "language": "es"}, None):
        with pytest.raises(AbandonedMessageMissingError, match=r"in US .*\(16 CFR 310\.4\(b\)\(4\)\(iii\)\)"):
            await abandoned.start_campaign(sessions, LAW, power, NOW)
        if wanted:
            await abandoned.set_message(sessions, "acme", "sorry", **wanted)
    assert (await service.get_campaign(sessions, power)).state == "draft"
    await abandoned.set_message(sessions, "acme", "sorry", "us")
    assert (await abandoned.start_campaign(sessions, LAW, power, NOW)).state == "running"
    messages = await abandoned.list_messages(sessions, "acme")
    assert [(each.country, each.language) for each in messages] == [("GB", ""), ("US", ""), ("US", "es")]
    (started,) = await called(sessions, power)
    assert (started.place.countries, started.language) == ({"US"}, "")
    with pytest.raises(PromptInUseError, match="Campaign A may need it"):
        await abandoned.unset_message(sessions, "acme", "US")
    with pytest.raises(PromptInUseError, match="hears sorry"):
        await library.remove_prompt(sessions, 1)
    await service.stop_campaign(sessions, power, NOW)
    with pytest.raises(CampaignStateError):
        await abandoned.start_campaign(sessions, LAW, power, NOW)
    await abandoned.unset_message(sessions, "acme", "US")


def test_whoever_may_be_where_a_law_asks_it_has_a_message_of_their_own_country_or_of_any() -> None:
    place = place_of("+12025550123", "US", "", "")
    asking = LAW.policy(place, "sales", "power", OwnRules()).messages
    assert lacks_a_message([], asking, {"US"})
    assert lacks_a_message([GB, SPANISH], asking, {"US"})
    assert not lacks_a_message([US], asking, {"US"})
    assert lacks_a_message([US], asking, {"US", "DE"})
    assert not lacks_a_message([ANY], asking, {"US", "DE"})
    assert lacks_a_message([US], asking, set())
    assert not lacks_a_message([], [], {"US"})


async def test_where_no_law_asks_or_nobody_can_be_abandoned_none_is_needed(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    preview = await campaign(sessions, dial_mode="preview")
    assert (await abandoned.start_campaign(sessions, LAW, preview, NOW)).state == "running"
    unruled = await campaign(sessions, "B", dial_mode="predictive")
    assert (await abandoned.start_campaign(sessions, NO_LAW, unruled, NOW)).state == "running"
    exempt = await campaign(sessions, "C")
    for rule in ("us-tsr-message", "us-fcc-message"):
        with pytest.raises(AbandonedMessageMissingError):
            await abandoned.start_campaign(sessions, LAW, exempt, NOW)
        later = NOW + timedelta(minutes=1)
        await grant_exemption(sessions, LAW, "acme", rule, granted_by="Counsel", reference="", now=later)
    assert (await abandoned.start_campaign(sessions, LAW, exempt, NOW)).state == "running"


async def test_what_is_no_message_is_refused(sessions: Sessions) -> None:
    await seed_leads(sessions, people(1))
    with pytest.raises(PromptNotFoundError):
        await abandoned.set_message(sessions, "acme", "sorry")
    await library.add_prompt(sessions, "acme", "sorry", "en", recording(), NOW)
    with pytest.raises(InvalidInputError, match="ISO 3166-1"):
        await abandoned.set_message(sessions, "acme", "sorry", "Narnia")
    with pytest.raises(AbandonedMessageNotFoundError):
        await abandoned.unset_message(sessions, "acme", "US")
    await abandoned.set_message(sessions, "acme", "sorry", "PR")
    assert [each.country for each in await abandoned.list_messages(sessions, "acme")] == ["US"]
