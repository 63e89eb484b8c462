"""Templates make what they are given into text, and can neither read anything else nor run for long."""

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.core.message import LONGEST_OUTPUT, MOST_ROUNDS, MessageTemplate
from campaigns.errors import InvalidTemplateError

VALUES = {
    "first_name": "Ada",
    "last_name": "",
    "amount": Decimal("1234.5"),
    "due_on": date(2026, 12, 1),
    "at": datetime(2026, 12, 1, 9, 30, tzinfo=UTC),
    "custom": {"model": "T4", "items": "three"},
    "debts": [{"name": "A", "sum": 10}, {"name": "B", "sum": 20}],
    "tags": ["x", "y"],
}
LONG_S = 5.0
"""Far above what a hostile template takes (hundredths of a second), and far below what it would like to."""


def made(source: str, values: dict[str, Any] = VALUES, *, html: bool = False) -> str:
    return MessageTemplate.parse(source, place="body_text", html=html).render(values)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hello {{ first_name }}!", "Hello Ada!"),
        ("{{ last_name | default('friend', true) }}", "friend"),
        ("{{ custom.model }} {{ custom['items'] }}", "T4 three"),
        ("{{ amount | number(2) }}", "1,234.50"),
        ("{{ due_on | date('DD.MM.YYYY') }} {{ at | date('hh:mm') }}", "01.12.2026 09:30"),
        ("{% for d in debts %}{{ d.name }}={{ d['sum'] }};{% endfor %}", "A=10;B=20;"),
        ("{% for d in debts if d.sum > 10 %}{{ d.name }}{% else %}none{% endfor %}", "B"),
        ("{{ tags | join(' and ') }} {{ tags | length }} {{ tags | first }}", "x and y 2 x"),
        ("{% if first_name == 'Ada' and not last_name %}yes{% elif tags %}no{% endif %}", "yes"),
        ("{{ 'a' ~ first_name | upper }}", "aADA"),
        ("{{ 'Ms' if first_name in 'AdaEva' else 'Mx' }}", "Ms"),
        ("{# a note #}{% raw %}{{ as it is }}{% endraw %}", "{{ as it is }}"),
        ("{{ first_name | truncate(2) }}{{ first_name is defined }}", "A…True"),
        ("line\n", "line\n"),
    ],
)
def test_what_templates_can_do(source: str, text: str) -> None:
    assert made(source) == text


def test_values_are_escaped_in_html_and_only_there() -> None:
    values = {"first_name": "<b>Ada & Co</b>"}
    assert (
        made("<i>{{ first_name | upper }}</i>", values, html=True) == "<i>&lt;B&gt;ADA &amp; CO&lt;/B&gt;</i>"
    )
    assert made("{{ first_name }}", values) == "<b>Ada & Co</b>"


@pytest.mark.parametrize(
    "source",
    [
        "{{ first_name.__class__ }}",
        "{{ first_name['__class__'] }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ custom.items() }}",
        "{{ custom.update({}) }}",
        "{{ first_name.upper() }}",
        "{{ range(10) }}",
        "{{ self }}",
        "{{ self.__init__ }}",
        "{{ _first }}",
        "{{ loop }}",
        "{{ lipsum() }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ first_name | attr('__class__') }}",
        "{{ first_name | map('upper') }}",
        "{{ first_name | format }}",
        "{{ first_name | safe }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 2 ** 1000000000 }}",
        "{{ 9999999999 + 1 }}",
        "{{ [1, 2] }}",
        "{{ {'a': 1} }}",
        "{{ tags[0] }}",
        "{{ tags[0:1] }}",
        "{{ (1, 2) | join }}",
        "{% set x = 1 %}{{ x }}",
        "{% for x in [1] %}{% endfor %}",
        "{% for x in 'abc' %}{% endfor %}",
        "{% for a, b in custom %}{% endfor %}",
        "{% for x in tags recursive %}{{ x }}{% endfor %}",
        "{% for x in tags %}{{ loop.index }}{% endfor %}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% extends 'x' %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% filter upper %}x{% endfilter %}",
        "{% with x = 1 %}{{ x }}{% endwith %}",
        "{% block b %}{% endblock %}",
        "{% autoescape false %}{{ first_name }}{% endautoescape %}",
        "{% call x() %}{% endcall %}",
        "{{ 'x' if first_name }}",
        "{{ first_name is divisibleby 3 }}",
        "{{ first_name | truncate(length=3) }}",
        "{{ first_name | truncate(*tags) }}",
        "{{ first_name",
        "{% endfor %}",
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ " + "not " * 5000 + "first_name }}",
        "{{ " + "9" * 5000 + " | upper }}" if False else "{% if a %}" * 3000,
        "{{ first_name }}" * 3000,
        "{% if first_name %}" * 40 + "{% endif %}" * 40,
    ],
)
def test_what_they_cannot_do_is_refused_before_it_runs(source: str) -> None:
    with pytest.raises(InvalidTemplateError) as refused:
        MessageTemplate.parse(source, place="subject")
    assert str(refused.value).startswith("subject")


def test_an_unknown_value_is_named_with_its_line_before_the_start() -> None:
    template = MessageTemplate.parse("Hello\n{{ frist_name }}", place="step 1, body_text")
    with pytest.raises(InvalidTemplateError, match=r"step 1, body_text, line 2: .*'frist_name'"):
        template.check(VALUES)
    for known in ("{{ custom.model }}", "{% for d in debts %}{{ d.name }}{% endfor %}", "{{ tags | first }}"):
        MessageTemplate.parse(known, place="x").check(VALUES)
    for unknown in (
        "{{ custom.colour }}",
        "{{ first_name.x }}",
        "{% for d in debts %}{{ d.colour }}{% endfor %}",
        "{% for d in first_name %}{{ d }}{% endfor %}",
        "{% for d in debts %}{% endfor %}{{ d }}",
        "{{ nothing | default('x') }}",
    ):
        with pytest.raises(InvalidTemplateError, match="there is no value"):
            MessageTemplate.parse(unknown, place="x").check(VALUES)


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ("{{ first_name }}", {}),
        ("{{ custom.model }}", {"custom": {}}),
        ("{{ n | number }}", {"n": "1e999999"}),
        ("{{ n | number }}", {"n": "nothing"}),
        ("{{ n | date }}", {"n": "tomorrow"}),
        ("{{ n < 'a' }}", {"n": 1}),
        ("{{ n }}", {"n": object()}),
        ("{{ n }}", {"n": type("Sly", (str,), {})("x")}),
        ("{{ n }}", {"n": 10**5000}),
        ("{{ n }}", {"n": "x" * 20_000}),
        ("{{ n | length }}", {"n": 5}),
    ],
)
def test_values_that_are_missing_or_wrong_are_an_error_that_says_so(
    source: str, values: dict[str, Any]
) -> None:
    with pytest.raises(InvalidTemplateError):
        made(source, values)


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ("{% for x in xs %}{% for y in xs %}{{ y }}{% endfor %}{% endfor %}", {"xs": ["a"] * MOST_ROUNDS}),
        (
            "{% for x in xs %}" + "{{ v ~ v ~ v }}" * 40 + "{% endfor %}",
            {"xs": ["a"] * 100, "v": "x" * 9_000},
        ),
        ("{{ v }}" * 900, {"v": "x" * 9_000}),
        ("{% for x in xs if (v | upper) == (v | lower) %}{% endfor %}", {"xs": [1] * 400, "v": "x" * 9_000}),
    ],
)
def test_what_would_run_long_or_fill_the_memory_ends(source: str, values: dict[str, Any]) -> None:
    began = time.process_time()
    with pytest.raises(InvalidTemplateError, match=r"more than"):
        made(source, values)
    assert time.process_time() - began < LONG_S


NAMES = st.sampled_from(
    [
        "first_name",
        "custom",
        "custom.model",
        "debts",
        "tags",
        "self",
        "loop",
        "range",
        "x",
        "d",
        "__class__",
        "_x",
    ]
)
PIECES = st.recursive(
    st.one_of(
        st.builds("{{{{ {} }}}}".format, NAMES),
        st.builds("{{{{ {}.{} }}}}".format, NAMES, NAMES),
        st.builds(
            "{{{{ {} | {} }}}}".format,
            NAMES,
            st.sampled_from(["upper", "join", "attr('x')", "safe", "first"]),
        ),
        st.builds("{{{{ {} * {} }}}}".format, NAMES, st.integers()),
        st.builds("{{{{ {}({}) }}}}".format, NAMES, NAMES),
        st.text(max_size=10),
    ),
    lambda inner: st.one_of(
        st.builds("{{% for x in {} %}}{}{{% endfor %}}".format, NAMES, inner),
        st.builds("{{% if {} %}}{}{{% endif %}}".format, NAMES, inner),
        st.builds("{}{}".format, inner, inner),
        st.builds("{{% set d = {} %}}{}".format, NAMES, inner),
        st.builds("{{% macro x() %}}{}{{% endmacro %}}{{{{ x() }}}}".format, inner),
    ),
    max_leaves=12,
)
SECRET = "5ecret"  # noqa: S105


class Hidden:
    """What no template may reach."""

    def __repr__(self) -> str:
        return SECRET

    upper = lower = __str__ = __repr__


@settings(max_examples=400)
@given(st.one_of(PIECES, st.text(st.sampled_from("{}%|()[]'\"._-+*~x1 nforigsetd\n"), max_size=60)))
def test_no_template_reads_what_it_was_not_given_or_runs_for_long(source: str) -> None:
    began = time.process_time()
    try:
        text = made(source)
    except InvalidTemplateError:
        text = ""
    assert time.process_time() - began < LONG_S
    assert len(text) <= LONGEST_OUTPUT
    # Whatever is printed of our own machinery has such a sign; values and the template itself may, too.
    if "<" not in source:
        assert "<" not in text
    assert "jinja" not in text.lower() or "jinja" in source.lower()


@given(st.text(max_size=50), st.text(max_size=50))
def test_what_a_value_says_is_never_read_as_a_template(name: str, other: str) -> None:
    assert made("{{ a }}|{{ b }}", {"a": name, "b": other}) == f"{name}|{other}"
    assert made("{{ a }}", {"a": "{{ b }}" + name, "b": SECRET}) == "{{ b }}" + name


def test_an_object_is_not_a_value() -> None:
    with pytest.raises(InvalidTemplateError):
        made("{{ a.upper }}", {"a": Hidden()})
    with pytest.raises(InvalidTemplateError):
        made("{{ a }}", {"a": [Hidden()]})
