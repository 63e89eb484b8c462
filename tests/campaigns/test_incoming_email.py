"""An e-mail that answers one of ours is read as what its writer wrote, and nothing breaks the reading."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.incoming_email import own_words, plain_of_html, read_email
from campaigns.core.reply_words import read_reply

OUR_ID = "Zb3kQ0v9Xn1mR5tY7uW2sA4dF6gH8jK0"
OURS = "Hello Ada.\nReply STOP to unsubscribe."


def mail(text: str = "", html: str = "", **headers: str) -> bytes:
    """An e-mail as a mail server hands it over."""
    message = EmailMessage()
    given_headers = {
        "From": "Ada <Ada@Example.org>",
        "To": "Acme <sales@acme.example>",
        "Subject": "Re: Your offer",
        "Message-ID": "<reply-1@example.org>",
        "In-Reply-To": f"<{OUR_ID}@acme.example>",
        "References": f"<older@acme.example> <{OUR_ID}@acme.example>",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in given_headers.items():
        if value:
            message[name] = value
    if text or not html:
        message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html") if text else message.set_content(html, subtype="html")
    return message.as_bytes()


def test_a_reply_says_who_wrote_what_to_which_message() -> None:
    read = read_email(mail(f"Yes please, tomorrow.\n\nOn Mon, 23 Nov 2026 Acme wrote:\n> {OURS}\n"))
    assert read is not None
    assert (read.sender, read.subject, read.text) == (
        "ada@example.org",
        "Re: Your offer",
        "Yes please, tomorrow.",
    )
    assert read.answers == (f"{OUR_ID}@acme.example", "older@acme.example")
    assert read.message_id == "reply-1@example.org"
    assert not read.by_machine


@pytest.mark.parametrize(
    "above_the_quotation",
    [
        "On Mon, Nov 23, 2026 at 3:00 PM Acme <sales@acme.example> wrote:",
        "Am 23.11.2026 um 15:00 schrieb Acme:",
        "Le lun. 23 nov. 2026 à 15:00, Acme a écrit :",
        "El lun, 23 nov 2026 a las 15:00, Acme escribió:",
        "Il giorno lun 23 nov 2026 alle ore 15:00 Acme ha scritto:",
        "Op ma 23 nov. 2026 om 15:00 schreef Acme:",
        "-----Original Message-----",
        "________________________________",
        "From: Acme <sales@acme.example>",
        "-- ",
    ],
)
def test_what_we_wrote_ourselves_opts_nobody_out(above_the_quotation: str) -> None:
    words = own_words(f"Sounds good!\n\n{above_the_quotation}\n{OURS}")
    assert words == "Sounds good!"
    assert read_reply(words).kind == "other"
    quoted = "\n".join(f"> {line}" for line in OURS.splitlines())
    assert own_words(f"Sounds good!\n{quoted}") == "Sounds good!"


def test_html_alone_is_read_without_its_quotation() -> None:
    html = (
        "<html><head><style>p{}</style></head><body><p>Please <b>stop</b>&nbsp;now<br>Ada</p>"
        f'<div class="gmail_quote">On Monday Acme wrote:<blockquote>{OURS}</blockquote></div></body></html>'
    )
    read = read_email(mail(html=html))
    assert read is not None
    assert read.text.split() == ["Please", "stop", "now", "Ada"]
    assert plain_of_html("<p>a<br>b</p><script>c</script>") == "\na\nb"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
    ],
)
def test_what_no_person_wrote_says_so(headers: dict[str, str]) -> None:
    read = read_email(mail("I am away. STOP", **headers))
    assert read is not None
    assert read.by_machine


def test_a_charset_that_nobody_knows_does_not_matter() -> None:
    content = mail("Stop").replace(b'charset="utf-8"', b'charset="x-klingon"')
    read = read_email(content)
    assert read is not None
    assert read.text == "Stop"


@given(st.binary(max_size=400))
def test_any_bytes_are_an_email_or_none(content: bytes) -> None:
    read_email(content)


@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    b"From: <a@b.c>\r\n",
                    b"From: a@b.c, d@e.f\r\n",
                    b"From: =?x?q?=FF?= <a@b>\r\n",
                    b"Subject: \x00\r\n",
                ),
                *(
                    b"Content-Type: multipart/mixed\r\n",
                    b"Content-Type: text/html; charset=\xff\r\n",
                    b"To: (((\r\n",
                ),
                *(
                    b"In-Reply-To: <<<>\r\n",
                    b"References: <a@b> <\r\n",
                    b"Message-ID: <@>\r\n",
                    b"\r\n",
                    b"<p <b>stop",
                ),
                *(
                    b"Content-Transfer-Encoding: base64\r\n",
                    b"Return-Path:\r\n",
                    b"Content-Type: ;;;\r\n",
                    b"> stop\r\n",
                ),
            ]
        ),
        max_size=12,
    )
)
def test_broken_headers_are_an_email_or_none(parts: list[bytes]) -> None:
    read_email(b"".join(parts))
