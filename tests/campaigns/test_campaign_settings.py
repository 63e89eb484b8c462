"""What a campaign may be set to, and which changes of state it allows."""

import json
from itertools import product
from typing import Any

import pytest

from campaigns.core.campaign import CHANGES, STATES, CampaignSettings, change_state
from campaigns.errors import CampaignStateError, InvalidSettingsError

CALLER = {"caller_id": "+12025550123"}


def test_settings_read_back_as_they_were_written() -> None:
    settings = CampaignSettings.parse(
        {
            **CALLER,
            "kind": "survey",
            "dial_mode": "power",
            "lines_per_agent": 2.5,
            "lead_order": "fewest_attempts",
            "preview_limit_s": 20,
            "preview_then": "skip",
            "amd_mode": "act",
            "amd_action": "message",
            "amd_optimistic": False,
            "voicemail_message": "/srv/voicemail.wav",
            "amd_review_share": 0.5,
            "routing": "skill",
            "skills": ["mortgages", "tier-2"],
            "language_routing": "prefer",
            "language_wait_s": 1.5,
            "after_wrap_up": "paused",
            "default_disposition": "hung_up",
            "wrap_up_extension_s": 30,
            "tiers": [{"name": "second", "agents": [7]}, {"name": "third", "skills": {"mortgages": 8}}],
            "manual_list": "walk-ins",
            "callable_times": {"sun": [["10:00", "12:00"]]},
            "retry_rules": {"busy": {"delay_s": 60, "max_attempts": 2}, "rejected": {"delay_s": None}},
        }
    )
    assert CampaignSettings.parse(json.loads(json.dumps(settings.to_json()))) == settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "spam"),
        ("dial_mode", "hopeful"),
        ("preview_limit_s", 2.9),
        ("preview_limit_s", 3601),
        ("preview_limit_s", "20"),
        ("preview_limit_s", True),
        ("preview_then", "wait"),
        ("preview_then", None),
        ("dial_mode", None),
        ("caller_id", ""),
        ("caller_id", "2025550123"),
        ("caller_id", "+1 202 555 0123"),
        ("caller_id", "+12025550123\r\nX: y"),
        ("caller_id", 12025550123),
        ("lines_per_agent", 0.5),
        ("lines_per_agent", float("nan")),
        ("lines_per_agent", float("inf")),
        ("lines_per_agent", "2"),
        ("max_lines", 0),
        ("max_lines", 2.5),
        ("max_lines", True),
        ("max_calls_per_second", 0),
        ("max_lines_per_agent", 0.5),
        ("max_lines_per_agent", 21),
        ("max_lines_per_agent", "3"),
        ("max_calls_per_second", 201),
        ("opt_out_key", ""),
        ("opt_out_key", 9),
        ("opt_out_key", "12"),
        ("opt_out_key", "#"),
        ("opt_out_key", "٣"),
        ("message", "/srv/message.wav"),
        ("amd_mode", "on"),
        ("amd_mode", True),
        ("amd_action", "beep"),
        ("amd_optimistic", 1),
        ("amd_optimistic", "yes"),
        ("voicemail_message", "/srv/voicemail.wav"),
        ("voicemail_message", 7),
        ("amd_review_share", 1.1),
        ("amd_review_share", -0.1),
        ("dial_mode", "agentless"),
        ("ring_timeout_s", 14.9),
        ("wrap_up_limit_s", 0),
        ("wrap_up_extension_s", -1),
        ("after_wrap_up", "asleep"),
        ("default_disposition", "whatever"),
        ("default_disposition", None),
        ("default_disposition", "sale"),
        ("default_disposition", "do_not_call"),
        ("default_disposition", "callback"),
        ("routing", "random"),
        ("skills", "mortgages"),
        ("tiers", "second"),
        ("tiers", {"second": [7]}),
        ("tiers", [{"name": "second"}]),
        ("tiers", [{"name": "Second!", "agents": [7]}]),
        ("tiers", [{"name": "second", "agents": ["7"]}]),
        ("tiers", [{"name": "second", "agents": [True]}]),
        ("tiers", [{"name": "second", "skills": {"mortgages": 11}}]),
        ("tiers", [{"name": "second", "agents": [7], "colour": "red"}]),
        ("tiers", [{"name": "second", "agents": [7]}] * 2),
        ("tiers", [{"name": f"tier-{number}", "agents": [7]} for number in range(11)]),
        ("skills", ["Mortgages"]),
        ("skills", [7]),
        ("language_routing", True),
        ("language_wait_s", 2),
        ("abandon_rate_target", 0.06),
        ("abandon_rate_target", -0.01),
        ("max_attempts_per_lead", 0),
        ("lead_order", "by_name"),
        ("lead_order", None),
        ("callable_times", {}),
        ("retry_rules", {"whatever": {"delay_s": 1}}),
        ("ring_time", 20),
    ],
)
def test_a_setting_out_of_range_is_refused_in_a_sentence(name: str, value: Any) -> None:
    with pytest.raises(InvalidSettingsError) as caught:
        CampaignSettings.parse(CALLER | {name: value})
    assert str(caught.value).endswith(".")


def test_an_agentless_campaign_needs_a_message_and_no_other_has_one() -> None:
    agentless = CALLER | {"dial_mode": "agentless"}
    settings = CampaignSettings.parse(agentless | {"message": "/srv/message.wav"})
    assert (settings.message, settings.opt_out_key) == ("/srv/message.wav", "9")
    for wrong, why in [
        (agentless, "set message to a prompt's name"),
        (agentless | {"message": "message.wav"}, "from the root on"),
        (agentless | {"message": "/a\nb"}, "or the path of a WAV file"),
        (agentless | {"message": "/" + 1000 * "a"}, "or the path of a WAV file"),
        (CALLER | {"message": "/srv/message.wav"}, "for agentless campaigns"),
    ]:
        with pytest.raises(InvalidSettingsError, match=why):
            CampaignSettings.parse(wrong)


def test_a_message_for_machines_goes_with_the_action_that_plays_it() -> None:
    voicemail = CALLER | {"amd_action": "message", "voicemail_message": "/srv/voicemail.wav"}
    assert CampaignSettings.parse(voicemail | {"amd_mode": "act"}).amd_action == "message"
    assert CampaignSettings.parse(voicemail | {"amd_mode": "flag"}).voicemail_message
    agentless = CALLER | {"dial_mode": "agentless", "message": "/srv/message.wav", "amd_mode": "act"}
    kept = CampaignSettings.parse(agentless)
    assert kept.amd_action == "hang_up"
    assert CampaignSettings.parse(kept.to_json()) == kept
    assert CampaignSettings.parse(agentless | {"amd_review_share": 0}).amd_review_share == 0
    for wrong, why in [
        (CALLER | {"voicemail_message": "/srv/voicemail.wav"}, "or set amd_action to message"),
        (CALLER | {"amd_mode": "act", "amd_action": "message"}, "set voicemail_message"),
        (voicemail | {"voicemail_message": "voicemail.wav"}, "from the root on"),
        (agentless | {"amd_action": "agent"}, "has no agent to hand a machine to"),
        (agentless | {"amd_review_share": 0.2}, "no verdict is checked"),
    ]:
        with pytest.raises(InvalidSettingsError, match=why):
            CampaignSettings.parse(wrong)


def test_a_campaign_without_a_caller_id_is_refused() -> None:
    with pytest.raises(InvalidSettingsError, match="caller_id is missing"):
        CampaignSettings.parse({})


def test_a_campaign_shows_one_number_or_those_of_a_group() -> None:
    group = CampaignSettings.parse({"caller_id_group": "east", "caller_id_rule": "local"})
    assert (group.caller_id, group.caller_id_group, group.caller_id_rule) == ("", "east", "local")
    assert CampaignSettings.parse(group.to_json()) == group
    for wrong in (
        CALLER | {"caller_id_group": "east"},
        CALLER | {"caller_id_rule": "random"},
        {"caller_id_group": ""},
        {"caller_id_group": "a\nb"},
        {"caller_id_group": 7},
    ):
        with pytest.raises(InvalidSettingsError):
            CampaignSettings.parse(wrong)


@pytest.mark.parametrize(("state", "action"), list(product(STATES, ("start", "pause", "stop", "delete"))))
def test_a_state_changes_only_as_the_table_says(state: str, action: str) -> None:
    if (state, action) in CHANGES:
        assert change_state(state, action) in STATES
    else:
        with pytest.raises(CampaignStateError):
            change_state(state, action)


def test_a_stopped_campaign_stays_stopped() -> None:
    assert {after for (state, _), after in CHANGES.items() if state == "stopped"} == {"stopped"}


def test_an_action_done_twice_is_as_done_once() -> None:
    for (_, action), after in CHANGES.items():
        assert change_state(after, action) == after


def test_a_mailboxs_message_is_a_prompt_or_a_path():
    act = {"amd_mode": "act", "amd_action": "message"}
    assert CampaignSettings.parse(CALLER | act | {"voicemail_message": "mailbox"}).prompts == {"mailbox"}
    assert not CampaignSettings.parse(CALLER | act | {"voicemail_message": "/srv/mailbox.wav"}).prompts
    with pytest.raises(InvalidSettingsError, match="prompt's name"):
        CampaignSettings.parse(CALLER | act | {"voicemail_message": "not a name.wav"})
