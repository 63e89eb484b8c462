"""A step's message: from its templates, with links that lead where the template says and nowhere else."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.message_composing import check_templates, template_of, values_of_lead
from campaigns.core.sequence import MessageSequence
from campaigns.errors import CampaignsError, InvalidTemplateError

AT = "https://go.acme.example"
TOKEN = "t" * 32


def sequence(
    text: str, *, html: str = "", links_at: str = AT, when: str = "before_first_call"
) -> MessageSequence:
    """A sequence of one e-mail."""
    step = {"when": when, "channel": "email", "subject": "To {{ first_name }}", "text": text, "html": html}
    step |= {"before_s": 60} if when == "before_appointment" else {}
    return MessageSequence.parse({"steps": {"letter": step}, "links_at": links_at})


def compose(
    text: str, *, html: str = "", links_at: str = AT, custom: dict[str, str] | None = None, **fields: Any
) -> Any:
    """The message for a lead."""
    made = template_of(sequence(text, html=html, links_at=links_at).steps["letter"], links_at)
    return made.compose(values_of_lead(fields, custom or {}, "Acme", "Autumn", "+12025550199"), TOKEN)


def test_a_message_has_the_leads_fields_and_no_header_of_theirs() -> None:
    made = compose(
        "Dear {{ first_name }} of {{ custom.city }}, {{ client }}", first_name="Ada\nBcc: x", custom={}
    )
    assert made.text == "Dear Ada\nBcc: x of , Acme"
    assert made.subject == "To Ada Bcc: x"
    assert made.html == ""


def test_links_are_counted_and_lead_back_to_the_templates_addresses() -> None:
    made = compose(
        "See https://acme.example/a?b={{ custom.code }}. Or https://acme.example/c, or the first: "
        "https://acme.example/a?b={{ custom.code }}!",
        custom={"code": "x y&z"},
    )
    own = f"{AT}/m/{TOKEN}"
    assert made.text == f"See {own}/1. Or {own}/2, or the first: {own}/1!"
    assert made.links == ("https://acme.example/a?b=x%20y%26z", "https://acme.example/c")
    assert made.unsubscribe_url == f"{own}/unsubscribe"


def test_html_has_links_of_ours_and_a_picture_that_tells_of_reading() -> None:
    html = '<body><a href="https://acme.example/?a=1&amp;b=2">{{ first_name }}</a></body>'
    made = compose("x", html=html, first_name="<Ada>")
    own = f"{AT}/m/{TOKEN}"
    assert f'<a href="{own}/1">&lt;Ada&gt;</a>' in made.html
    assert f'<img src="{own}/open.gif"' in made.html
    assert made.html.endswith("</body>")
    assert made.links == ("https://acme.example/?a=1&b=2",)


def test_without_an_address_of_ours_nothing_is_counted() -> None:
    made = compose("See https://acme.example/a", html="<p>https://acme.example/a</p>", links_at="")
    assert (made.text, made.html) == ("See https://acme.example/a", "<p>https://acme.example/a</p>")
    assert (made.links, made.unsubscribe_url) == ((), "")


def test_what_a_lead_brings_is_no_link_of_ours() -> None:
    made = compose(
        "{{ custom.site }} https://{{ custom.site }}/ https://acme.{{ custom.site }}/",
        custom={"site": "evil.example"},
    )
    assert made.text == "evil.example https://evil.example/ https://acme.evil.example/"
    assert made.links == ()


@given(
    st.text(max_size=60),
    st.sampled_from(["/{{ custom.x }}", "/?q={{ custom.x }}", "#{{ custom.x }}", "?{{ custom.x }}a"]),
)
def test_a_link_never_leaves_the_host_that_the_template_has(value: str, rest: str) -> None:
    made = compose(f"https://acme.example:8443{rest}", custom={"x": value})
    (link,) = made.links
    assert urlsplit(link).scheme == "https"
    assert urlsplit(link).netloc == "acme.example:8443"
    assert link.isascii()
    assert link.isprintable()
    assert " " not in link


def test_a_template_that_names_what_the_lists_lack_is_refused_before_the_start() -> None:
    check_templates(sequence("{{ custom.city }} {{ unsubscribe_url }}"), ["city"])
    for text, custom in (
        ("{{ custom.town }}", ["city"]),
        ("{{ lead.name }}", []),
        ("{{ appointment.starts_at }}", []),
    ):
        with pytest.raises(InvalidTemplateError, match="step letter, text, line 1: there is no value"):
            check_templates(sequence(text), custom)
    with pytest.raises(InvalidTemplateError, match="unsubscribe_url"):
        check_templates(sequence("{{ unsubscribe_url }}", links_at=""), [])
    check_templates(sequence("{{ appointment.starts_at | date('DD.MM.') }}", when="before_appointment"), [])


@given(st.text(alphabet="{}%|.() \n'\"htps:/acme", max_size=60))
def test_any_text_is_a_template_or_refused_in_words(text: str) -> None:
    try:
        made = compose(text or "x")
    except CampaignsError:
        return
    assert isinstance(made.text, str)
