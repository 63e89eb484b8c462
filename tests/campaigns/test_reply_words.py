"""What people answer to messages: an opt-out in any words is one, and what is none is left to people."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core import reply_words
from campaigns.core.reply_words import ended_by, read_reply

BY_FCC = ("stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe")
ALONE = sorted(reply_words._STOP | reply_words._STOP_ALONE)  # noqa: SLF001 - each word of the lists counts
ANYWHERE = sorted(reply_words._ANYWHERE)  # noqa: SLF001
COURTESY = ("", "please", "por favor", "bitte", "svp", "grazie", "thanks!", "ok", "proszę")
SIGNS = ("", ".", "!", "!!!", " …", "\n", " 🙂", "?!")


def cased(text: str, how: str) -> str:
    """The text as it may be written."""
    ways = {"upper": text.upper(), "title": text.title(), "swap": text.swapcase(), "as it is": text}
    return ways.get(how) or unicodedata.normalize("NFD", text)


@given(
    st.sampled_from(ALONE),
    st.sampled_from(COURTESY),
    st.sampled_from(COURTESY),
    st.sampled_from(SIGNS),
    st.sampled_from(("upper", "title", "swap", "as it is", "decomposed")),
)
def test_a_word_of_opting_out_counts_in_any_writing(
    word: str, before: str, behind: str, sign: str, how: str
) -> None:
    assert read_reply(f" {before} {cased(word, how)} {behind}{sign}").kind == "stop"


@given(
    st.sampled_from(ANYWHERE),
    st.text(alphabet="abc xyz", max_size=20),
    st.text(alphabet="abc xyz", max_size=20),
    st.sampled_from(("upper", "as it is", "decomposed")),
)
def test_what_means_nothing_else_counts_wherever_it_stands(
    phrase: str, before: str, behind: str, how: str
) -> None:
    assert read_reply(f"{before}. {cased(phrase, how)} {behind}").kind == "stop"


@pytest.mark.parametrize("word", BY_FCC)
def test_the_words_that_the_fcc_names_count(word: str) -> None:
    for text in (word, word.upper(), f"{word}.", f"Please {word}", f"“{word}”"):
        assert read_reply(text).kind == "stop", text


@pytest.mark.parametrize(
    "text",
    [
        *("STOP", "please stop", "Stop it!", "stop texting me", "I told you to stop calling me", "🛑"),
        *("Not interested. Stop.", "take me off your list", "how do I unsubscribe?", "opt-out", "OptOut"),
        *("I do not want this, unsubscribe", "leave me alone", "Don't contact me again", "no more texts"),
        *("BAJA por favor", "No me llamen más", "Quiero darme de baja", "Arrêt svp", "Ne m'appelez plus !"),
        *("Bitte keine Anrufe mehr", "Abmelden", "Rufen Sie mich nicht mehr an", "Widerruf", "STOPP!"),
        *(
            "Basta",
            "Non chiamatemi",
            "Parar",
            "Não me liguem",
            "Afmelden",
            "Bel me niet meer",
            "geen sms meer",
        ),
        *(
            "Proszę nie dzwonić",
            "Wypisz mnie",
            "Стоп",
            "Не звоните мне",
            "退订",
            "配信停止",
            "수신거부",
            "הסר",
        ),
    ],
)
def test_opting_out_in_many_words(text: str) -> None:
    assert read_reply(text).kind == "stop"


@pytest.mark.parametrize(
    "text",
    [
        *("I'll be at the bus stop", "stop by tomorrow", "Can you stop at 5?", "don't stop", "the end"),
        *("cancel my appointment", "cancel it", "I quit my job", "I don't want to unsubscribe", "fine", "no"),
        *("para mañana", "yes", "call me back", "", "...", "?", "When do you call?", "Ende der Woche passt"),
    ],
)
def test_what_is_no_opt_out_is_for_people(text: str) -> None:
    assert read_reply(text).kind == "other"


@pytest.mark.parametrize("text", ["HELP", "help me please", "Info", "Ayuda", "Aide", "Hilfe!", "POMOC"])
def test_asking_for_help(text: str) -> None:
    assert read_reply(text).kind == "help"


@pytest.mark.parametrize("text", ["START", "unstop", "Subscribe", "opt in please"])
def test_asking_to_hear_from_us_again(text: str) -> None:
    assert read_reply(text).kind == "start"


def test_an_opt_out_goes_before_all_else_in_a_text() -> None:
    assert read_reply("Help! Stop texting me. Start over.").kind == "stop"


@pytest.mark.parametrize(
    ("channel", "text", "ended"),
    [
        ("sms", "STOP", {"sms", "call", "automated_call"}),
        ("sms", "stop texting", {"sms", "automated_call"}),
        ("sms", "stop calling me", {"sms", "call", "automated_call"}),
        ("sms", "stop emailing me", {"email"}),
        ("sms", "STOPALL", {"sms", "call", "automated_call", "email"}),
        ("sms", "stop everything", {"sms", "call", "automated_call", "email"}),
        ("email", "unsubscribe", {"email"}),
        ("email", "stop calling me", {"sms", "call", "automated_call"}),
        ("email", "no more emails and no more calls", {"email", "sms", "call", "automated_call"}),
        ("email", "do not contact me", {"sms", "call", "automated_call", "email"}),
    ],
)
def test_it_ends_what_it_names_and_what_the_law_counts_with_it(
    channel: str, text: str, ended: set[str]
) -> None:
    reading = read_reply(text)
    assert reading.kind == "stop"
    assert ended_by(channel, reading.named) == ended


@given(st.text(max_size=300), st.sampled_from(["sms", "email"]))
def test_any_text_is_read_and_an_opt_out_always_ends_something(text: str, channel: str) -> None:
    reading = read_reply(text)
    if reading.kind == "stop":
        assert ended_by(channel, reading.named)


@given(st.text(max_size=60))
def test_case_and_the_form_of_accents_change_nothing(text: str) -> None:
    reading = read_reply(text)
    assert read_reply(unicodedata.normalize("NFD", text)) == reading
    assert read_reply(f"  {text}  ") == reading
