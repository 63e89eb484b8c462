"""Text messages in segments: what they count, and that nothing of a text is lost on the way."""

import pytest
from aiosmpplib.codec import find_codec_info
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core import sms

BASIC = "".join(each for each in sms.BASIC if each != "\x1b")
IN_GSM7 = st.text(BASIC + "".join(sms.EXTENSION))


@pytest.mark.parametrize(
    ("text", "alphabet", "segments"),
    [
        ("", "gsm7", 1),
        ("a" * 160, "gsm7", 1),
        ("a" * 161, "gsm7", 2),
        ("a" * 306, "gsm7", 2),
        ("a" * 307, "gsm7", 3),
        ("€" * 80, "gsm7", 1),
        ("€" * 81, "gsm7", 2),
        # The sign of two septets does not fit into the last one of the first part.
        ("a" * 152 + "€" + "a" * 152, "gsm7", 3),
        ("я" * 70, "ucs2", 1),
        ("я" * 71, "ucs2", 2),
        ("я" * 134, "ucs2", 2),
        ("я" * 135, "ucs2", 3),
        ("😀" * 35, "ucs2", 1),
        ("😀" * 36, "ucs2", 2),
        # 33 pairs of units fit into 67, and half of one is no character.
        ("😀" * 66, "ucs2", 2),
        ("😀" * 67, "ucs2", 3),
        ("ç", "ucs2", 1),
        ("Ç", "gsm7", 1),
    ],
)
def test_segments_count_as_they_are_paid_for(text: str, alphabet: str, segments: int) -> None:
    message = sms.encode(text)
    assert (message.alphabet, message.segments) == (alphabet, segments)


@given(IN_GSM7)
def test_the_default_alphabet_is_that_of_another_implementation(text: str) -> None:
    message = sms.encode(text)
    assert message.alphabet == "gsm7"
    assert sms.decode(message) == text
    assert b"".join(message.parts) == find_codec_info("gsm0338", None).encode(text)[0]


@settings(max_examples=50)
@given(st.text())
def test_no_character_is_lost_or_cut_in_two(text: str) -> None:
    message = sms.encode(text)
    whole = "".join("?" if "\ud800" <= each <= "\udfff" else each for each in text)
    assert sms.decode(message) == whole
    for part in message.parts:
        alone = sms.TextMessage(message.alphabet, (part,))
        assert sms.decode(alone) in whole


@given(st.one_of(IN_GSM7, st.text()), st.integers(1, 30))
def test_parts_are_full_and_none_is_too_long(text: str, times: int) -> None:
    message = sms.encode(text * times)
    single, part = (160, 153) if message.alphabet == "gsm7" else (140, 134)
    most = single if message.segments == 1 else part
    assert all(len(each) <= most for each in message.parts)
    # All but the last have no room for one more character, which takes up to two septets or four octets.
    assert all(len(each) > most - (2 if message.alphabet == "gsm7" else 4) for each in message.parts[:-1])
    if message.segments > 1:
        assert sum(map(len, message.parts)) > single
