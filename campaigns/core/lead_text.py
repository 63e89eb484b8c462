"""A lead's fields in a text: `{{ first_name }}` and `{{ custom.plan }}` become what the lead has.

Names are put in and nothing else: there is no code in a text, and what is put in is not looked at again.
"""

import re
from collections.abc import Iterator, Mapping

FIELDS = (
    "first_name",
    "last_name",
    "email",
    "country",
    "region",
    "postal_code",
    "language",
    "owner",
    "external_id",
)
"""What a text may name of a lead, beside its custom fields."""

_CUSTOM = "custom."
_LONGEST_VALUE = 500
_LONGEST_NAME = 100
_PLACE = re.compile(r"\{\{([^{}\n]{0,120})\}\}")


def is_field(name: str) -> bool:
    """Whether it is the name of a lead's field: one of FIELDS, or `custom.` and the name of a custom one."""
    custom = name.removeprefix(_CUSTOM)
    return name in FIELDS or (custom != name and 0 < len(custom) <= _LONGEST_NAME and custom.isprintable())


def unknown_places(text: str) -> Iterator[str]:
    """What stands in braces, as places do, and is no field; at most 40 characters of each."""
    for each in _PLACE.findall(text):
        if not is_field(each.strip()):
            yield each.strip()[:40]
    rest = _PLACE.sub("", text)
    for braces in ("{{", "}}"):
        if braces in rest:
            yield braces


def fill(text: str, fields: Mapping[str, str]) -> str:
    """The text with the lead's fields put in; a field that the lead does not have leaves nothing."""
    return _PLACE.sub(lambda place: fields.get(place[1].strip(), "")[:_LONGEST_VALUE], text)


def fields_of(known: Mapping[str, str | None], custom: Mapping[str, object]) -> dict[str, str]:
    """A lead's fields by the names that a text gives them; `known` has those of FIELDS."""
    plain = {name: str(known.get(name) or "") for name in FIELDS}
    return plain | {f"{_CUSTOM}{name}": str(value) for name, value in custom.items() if value is not None}
