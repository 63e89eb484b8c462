"""Menus are checked before any call, and every way through one comes to an end."""

import json
from copy import deepcopy
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.campaign import CampaignSettings
from campaigns.core.menu import KEYS, Menu
from campaigns.core.menu_run import (
    MOST_STEPS,
    Answered,
    HangUp,
    MenuRun,
    OptOut,
    Play,
    SeekAgent,
    StopSeeking,
)
from campaigns.errors import InvalidMenuError, InvalidSettingsError
from campaigns.menu_file import read_menu

SURVEY: dict[str, Any] = {
    "start": "welcome",
    "steps": {
        "welcome": {"do": "say", "prompt": "welcome", "next": "served"},
        "served": {
            "do": "ask",
            "prompt": "how-served",
            "question": "served",
            "keys": {"1": "price", "2": "why"},
            "timeout_s": 4,
            "retries": 1,
            "no_input": "bye",
            "no_match": "agent",
        },
        "why": {
            "do": "ask",
            "prompt": "why",
            "keys": {"1": "price", "0": "agent", "*": "why"},
            "no_input": "bye",
        },
        "price": {
            "do": "ask",
            "prompt": "price",
            "question": "price",
            "keys": {"1": "thanks"},
            "no_input": "bye",
        },
        "agent": {"do": "transfer", "prompt": "wait", "within_s": 15, "no_agent": "out"},
        "out": {"do": "opt_out", "prompt": "removed"},
        "thanks": {"do": "hang_up", "prompt": "thanks", "disposition": "survey_completed"},
        "bye": {"do": "hang_up"},
    },
}
MENU = Menu.parse(SURVEY)


# --- what is refused ------------------------------------------------------------------------------


def changed(**steps: object) -> dict[str, Any]:
    document = deepcopy(SURVEY)
    document["steps"] |= steps
    return document


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ([], "a start and steps"),
        ({"start": "a", "steps": {}}, "1 to 100 steps"),
        (SURVEY | {"end": 1}, "'end' is not a part"),
        (SURVEY | {"start": "nowhere"}, "start names the step"),
        (changed(bye={"do": "wave"}), "Step bye: do is one of"),
        (changed(bye=7), "Step bye: do is one of"),
        (changed(bye={"do": "hang_up", "keys": {}}), "'keys' is nothing that hang_up has"),
        (changed(bye={"do": "say", "prompt": "bye"}), "say needs next"),
        (changed(bye={"do": "hang_up", "prompt": "/srv/x.wav"}), "Step bye: prompt is a prompt's name"),
        (changed(bye={"do": "hang_up", "prompt": 7}), "prompt is a text"),
        (changed(bye={"do": "hang_up", "disposition": "happy"}), "Step bye: 'happy' is not a disposition"),
        (changed(bye={"do": "hang_up", "disposition": "opted_out"}), 'say do = "opt_out"'),
        (changed(alone={"do": "hang_up"}), "No step leads to alone"),
        (changed(**{"a b": {"do": "hang_up"}}), "is not a step's name"),
        (changed(agent={"do": "transfer", "no_agent": "nobody"}), "leads to 'nobody', which is no step"),
        (
            changed(agent={"do": "transfer", "no_agent": "bye", "within_s": 500}),
            "within_s is a number from 1",
        ),
        (changed(price={"do": "ask", "prompt": "p", "keys": {}, "no_input": "bye"}), "keys says where"),
        (
            changed(price={"do": "ask", "prompt": "p", "keys": {"12": "bye"}, "no_input": "bye"}),
            "'12' is no key",
        ),
        (
            changed(bye={"do": "say", "prompt": "p", "next": "served"}),
            "Who presses nothing comes from bye back to it",
        ),
        (changed(out={"do": "say", "prompt": "x", "next": "agent"}), "comes from agent back to it"),
    ],
)
def test_what_leads_nowhere_is_refused_with_its_step(document: object, why: str) -> None:
    with pytest.raises(InvalidMenuError, match=why):
        Menu.parse(document)


def test_the_key_that_opts_out_is_nobody_elses() -> None:
    chosen = {"caller_id": "+12025550199", "dial_mode": "agentless", "menu": SURVEY}
    settings = CampaignSettings.parse(chosen)
    assert settings.takes_agents
    assert settings.prompts == {"welcome", "how-served", "why", "price", "wait", "removed", "thanks"}
    assert CampaignSettings.parse(settings.to_json()) == settings
    with pytest.raises(InvalidMenuError, match="Step served has a branch for 1, the key that opts out"):
        CampaignSettings.parse(chosen | {"opt_out_key": "1"})
    for wrong in (chosen | {"dial_mode": "power"}, chosen | {"message": "welcome"}):
        with pytest.raises(InvalidSettingsError):
            CampaignSettings.parse(wrong)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda each: st.dictionaries(
            st.sampled_from(["start", "steps", "do", "prompt", "keys", "1", "a"]), each, max_size=5
        ),
        max_leaves=12,
    )
)
def test_no_document_whatever_brings_a_traceback(document: object) -> None:
    try:
        Menu.parse(document)
    except InvalidMenuError:
        return


def test_a_menu_is_read_from_toml_and_json(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(SURVEY))
    toml = 'start = "a"\n[steps.a]\ndo = "ask"\nprompt = "p"\nkeys = { 1 = "b", "#" = "b" }\nno_input = "b"\n'
    (tmp_path / "a.toml").write_text(toml + '[steps.b]\ndo = "hang_up"\n')
    assert Menu.parse(read_menu(tmp_path / "a.json")) == MENU
    assert set(Menu.parse(read_menu(tmp_path / "a.toml")).steps["a"].keys) == {"1", "#"}
    (tmp_path / "bad.toml").write_text("start = ")
    with pytest.raises(InvalidMenuError, match=r"bad\.toml is neither TOML nor JSON"):
        read_menu(tmp_path / "bad.toml")
    with pytest.raises(InvalidMenuError, match="cannot be read"):
        read_menu(tmp_path)
    example = Path(__file__).parents[2] / "docs" / "examples" / "survey.toml"
    assert Menu.parse(read_menu(example)).transfers


# --- one call's way -------------------------------------------------------------------------------


def begun() -> MenuRun:
    """At the first question, which has been asked."""
    run = MenuRun(MENU)
    (welcome,) = run.begin(0.0)
    assert welcome == Play(1, "welcome", 5.0, stop_on_key=False)
    assert run.key("1", 1.0) == [], "what has to be heard is heard"
    assert run.prompt_ended(1, 3.0) == [Play(2, "how-served", 9.0, stop_on_key=True)]
    return run


def test_answers_lead_on_and_the_end_says_what_it_came_to() -> None:
    run = begun()
    assert run.key("1", 4.0) == [Answered("served", "1"), Play(3, "price", 10.0, stop_on_key=True)]
    assert run.prompt_ended(2, 4.1) == [], "that of a prompt that is not played any more"
    assert run.prompt_ended(3, 6.0) == []
    (answered, thanks) = run.key("1", 6.5)
    assert answered == Answered("price", "1")
    assert (run.disposition, run.finished) == ("survey_completed", False)
    assert isinstance(thanks, Play)
    assert run.prompt_ended(thanks.number, 8.0) == [HangUp()]
    assert run.finished
    assert run.key("1", 9.0) == run.tick(99.0) == run.prompt_ended(thanks.number, 9.0) == []


def test_who_says_nothing_is_asked_again_and_then_let_go() -> None:
    run = begun()
    assert run.tick(100.0) == [], "the prompt still plays"
    run.prompt_ended(2, 5.0)
    assert run.tick(8.9) == []
    assert run.tick(9.0) == [Play(3, "how-served", 9.0, stop_on_key=True)]
    run.prompt_ended(3, 11.0)
    assert run.tick(15.0) == [HangUp()]
    assert (run.finished, run.disposition) == (True, "")


def test_a_wrong_key_is_a_try_too_and_has_its_own_way() -> None:
    run = begun()
    assert run.key("7", 4.0) == [Play(3, "how-served", 9.0, stop_on_key=True)]
    assert run.key("#", 5.0) == [SeekAgent(), Play(4, "wait", 20.0, stop_on_key=False)]
    assert run.seeks_an_agent
    assert run.key("1", 6.0) == run.prompt_ended(4, 7.0) == run.tick(19.9) == []
    assert run.tick(20.0) == [StopSeeking(), OptOut(), Play(5, "removed", 5.0, stop_on_key=False)]
    assert run.prompt_ended(5, 22.0) == [HangUp()]


def test_nothing_of_the_menu_matters_once_an_agent_has_the_call() -> None:
    run = begun()
    run.key("7", 4.0)
    run.key("7", 5.0)
    run.close()
    assert run.tick(99.0) == run.key("1", 99.0) == run.prompt_ended(4, 99.0) == []
    assert not run.seeks_an_agent


def test_who_goes_round_in_circles_is_let_go() -> None:
    run = begun()
    run.key("2", 4.0)
    acts = [run.key("*", 5.0 + each) for each in range(MOST_STEPS)]
    assert [HangUp()] in acts
    assert not run.finished, "the menu has no such end"


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("key"), st.sampled_from(sorted(KEYS))),
        st.tuples(st.just("ended"), st.integers(0, 3)),
        st.tuples(st.just("wait"), st.floats(0, 20)),
    ),
    max_size=60,
)


@given(_STEPS)
def test_whatever_happens_a_call_ends_and_asks_for_nothing_more(steps: list[tuple[str, Any]]) -> None:
    run, now = MenuRun(MENU), 0.0
    last = run.begin(now)
    for what, value in steps:
        now += 0.1
        if what == "key":
            acts = run.key(value, now)
        elif what == "ended":
            acts = run.prompt_ended(run.number - value, now)
        else:
            now += value
            acts = run.tick(now)
        assert not acts or HangUp() not in last
        last = acts or last
    for _ in range(MOST_STEPS * 10):
        if HangUp() in last:
            break
        now += 200.0
        last = run.prompt_ended(run.number, now) or last
        last = run.tick(now + 100.0) or last
    assert HangUp() in last
    assert run.key("1", now) == run.tick(inf) == []
