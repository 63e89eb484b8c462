"""Templates of messages, in Jinja's syntax: what they may be made of, and what they make of a lead's values.

Whoever writes a template is not trusted. It is looked at as a tree before any of it runs, and may hold
nothing but text, values by their names, a few filters, conditions, and loops over lists that were given. So
it cannot reach what it was not given, and what it costs is bounded: by its size, by how often its loops go
round, and by how much comes out.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, UndefinedError, nodes
from jinja2.filters import do_default
from jinja2.sandbox import SandboxedEnvironment

from campaigns.errors import InvalidTemplateError

Value = str | int | float | bool | Decimal | date | None
Values = Mapping[str, Any]
"""Names to a Value, to a mapping of such, or to a list of either."""

LONGEST_TEMPLATE = 200_000
"""Characters."""
MOST_NODES = 2_000
MOST_NODES_OF_LOOPS = 200
DEEPEST = 30
MOST_ROUNDS = 200
"""Of all loops together, in one message."""
LONGEST_OUTPUT = 400_000
"""Characters."""
LONGEST_VALUE = 10_000
"""Characters of one text."""
MOST_VALUES = 2_000
_DEEPEST_VALUES = 4
_LARGEST_NUMBER = 10**15
_LONGEST_NUMBER = 40
_EACH = "[]"
"""What stands for the items of a list, in a name."""
_RESERVED = frozenset({"self", "loop", "super", "caller", "varargs", "kwargs"})
"""Names that Jinja gives a meaning of its own."""

_SIMPLE: tuple[type[nodes.Node], ...] = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.If, nodes.CondExpr),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat),
)
"""What is fine where its parts are; names, loops, filters and tests are looked at more closely."""
_WORDS: Mapping[type[nodes.Node], str] = {
    nodes.Call: "a call",
    nodes.Assign: "set",
    nodes.AssignBlock: "set",
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.FilterBlock: "filter",
    nodes.With: "with",
    nodes.Block: "block",
    nodes.Slice: "a slice",
    nodes.BinExpr: "arithmetic",
    nodes.UnaryExpr: "arithmetic",
}


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _truncate(value: object, length: int = 50) -> str:
    text = _text(value)
    return text if len(text) <= length else text[: max(0, length - 1)].rstrip() + "…"


def _number(value: object, digits: int = 0) -> str:
    text = _text(value)
    number = Decimal(text[:_LONGEST_NUMBER])
    if not number.is_finite() or abs(number) >= _LARGEST_NUMBER or len(text) > _LONGEST_NUMBER:
        raise ValueError("the number is too large")
    return f"{number:,.{min(max(int(digits), 0), 9)}f}"


def _date(value: object, pattern: str = "YYYY-MM-DD") -> str:
    """The parts YYYY, MM, DD, hh and mm of a pattern, replaced."""
    at = value if isinstance(value, date) else datetime.fromisoformat(_text(value))
    hour, minute = (at.hour, at.minute) if isinstance(at, datetime) else (0, 0)
    parts = {"YYYY": f"{at.year:04}", "MM": f"{at.month:02}", "DD": f"{at.day:02}"}
    for name, part in (parts | {"hh": f"{hour:02}", "mm": f"{minute:02}"}).items():
        pattern = pattern.replace(name, part)
    return pattern


def _join(values: Sequence[object], between: str = ", ") -> str:
    return between.join(_text(each) for each in values)


FILTERS: Mapping[str, Callable[..., object]] = {
    "upper": lambda value: _text(value).upper(),
    "lower": lambda value: _text(value).lower(),
    "capitalize": lambda value: _text(value).capitalize(),
    "title": lambda value: _text(value).title(),
    "trim": lambda value: _text(value).strip(),
    "default": do_default,
    "truncate": _truncate,
    "number": _number,
    "date": _date,
    "join": _join,
    "first": lambda values: next(iter(values), ""),
    "length": len,
}
"""What a value may be passed through, as in {{ first_name | title }}."""
_TESTS: Mapping[str, Callable[[Any], bool]] = {
    "defined": lambda value: not isinstance(value, StrictUndefined),
    "none": lambda value: value is None,
}


class _Environment(SandboxedEnvironment):
    """Knows our filters and tests and nothing else; a name leads into a mapping, never to an attribute."""

    def __init__(self, *, html: bool) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=html, keep_trailing_newline=True)
        self.globals.clear()
        self.filters.clear()
        self.filters.update(FILTERS)
        self.tests.clear()
        self.tests.update(_TESTS)

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, dict) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        return self.undefined(obj=obj, name=argument)


_TEXT, _HTML = _Environment(html=False), _Environment(html=True)


class _Rounds:
    """Counts how often the loops of one rendering go round."""

    def __init__(self) -> None:
        self.left = MOST_ROUNDS


class _List(list[Any]):
    """A list whose going through is counted."""

    rounds: _Rounds

    def __iter__(self) -> Iterator[Any]:
        for each in super().__iter__():
            self.rounds.left -= 1
            if self.rounds.left < 0:
                raise InvalidTemplateError(
                    f"The template's loops go round more than {MOST_ROUNDS} times; loop over less."
                )
            yield each


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """A template that may be used. Made by `parse`; `place` says where it is, in errors."""

    place: str
    source: str
    html: bool
    names: tuple[tuple[tuple[str, ...], int], ...]
    """Each value that it names, as in ("custom", "model"), with its line; "[]" is any item of a list."""

    @classmethod
    def parse(cls, source: str, *, place: str, html: bool = False) -> "MessageTemplate":
        """A template as somebody wrote it; in one of HTML, values are escaped.

        Raises InvalidTemplateError, which says where and what.
        """
        if not isinstance(source, str) or len(source) > LONGEST_TEMPLATE:
            raise InvalidTemplateError(
                f"{place}: a template is a text of at most {LONGEST_TEMPLATE:,} characters."
            )
        try:
            tree = (_HTML if html else _TEXT).parse(source)
        except TemplateSyntaxError as error:
            raise _invalid(place, error.lineno, f"{error.message}") from None
        except (ValueError, OverflowError, RecursionError):
            raise _invalid(place, 1, "it is nested too deeply, or has a number that is too long") from None
        reading = _Reading(place)
        reading.look_at(tree, {}, depth=0)
        return cls(place, source, html, tuple(dict.fromkeys(reading.names)))

    def check(self, known: Values) -> None:
        """Whether it names only what is there: `known` has the names, with values as examples.

        Raises InvalidTemplateError with the line of the first one that is not.
        """
        for name, line in self.names:
            if not _is_known(known, name):
                there = ", ".join(sorted(map(str, known))[:30])
                named = ".".join(name)[:60]
                raise _invalid(self.place, line, f"there is no value {named!r}; there are {there}")

    def render(self, values: Values) -> str:
        """The message that it makes of values; the same values, the same message.

        Raises InvalidTemplateError for a value that is missing or cannot be used so, and for too much text.
        """
        copying = _Copying()
        given = {str(name): copying.plain(str(name), value) for name, value in values.items()}
        template = _compiled(self.source, self.html)
        written: list[str] = []
        length = 0
        try:
            for piece in template.generate(given):
                length += len(piece)
                if length > LONGEST_OUTPUT:
                    raise InvalidTemplateError(
                        f"{self.place}: the message has more than {LONGEST_OUTPUT:,} characters."
                    )
                written.append(piece)
        except UndefinedError as error:
            raise InvalidTemplateError(f"{self.place}: {error.message}.") from None
        except (TypeError, ValueError, ArithmeticError) as error:
            raise InvalidTemplateError(f"{self.place}: a value cannot be used so ({error}).") from None
        return "".join(written)


@lru_cache(maxsize=256)
def _compiled(source: str, html: bool) -> Template:
    return (_HTML if html else _TEXT).from_string(source)


def _invalid(place: str, line: int, what: str) -> InvalidTemplateError:
    return InvalidTemplateError(f"{place}, line {line}: {what.rstrip('.')}.")


class _Reading:
    """Looks at a template's tree, and notes which values it names. Raises InvalidTemplateError."""

    def __init__(self, place: str) -> None:
        self.names: list[tuple[tuple[str, ...], int]] = []
        self._place = place
        self._nodes = 0
        self._nodes_of_loops = 0
        self._loops = 0

    def look_at(self, node: nodes.Node, items: Mapping[str, tuple[str, ...]], depth: int) -> None:
        """`items`: what the variables of the loops around it stand for."""
        self._count(node, depth)
        if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
            self.names.append((self._name_of(node, items), node.lineno))
        elif isinstance(node, nodes.For):
            self._look_at_loop(node, items, depth)
        elif isinstance(node, nodes.Filter | nodes.Test):
            self._look_at_filter(node, items, depth)
        elif isinstance(node, nodes.CondExpr) and node.expr2 is None:
            raise self._refused(node, "an if inside of {{ }} needs an else")
        elif isinstance(node, _SIMPLE):
            for child in node.iter_child_nodes():
                self.look_at(child, items, depth + 1)
        else:
            what = next(
                (word for kind, word in _WORDS.items() if isinstance(node, kind)), type(node).__name__
            )
            raise self._refused(node, f"{what} is not for templates of messages")

    def _count(self, node: nodes.Node, depth: int) -> None:
        self._nodes += 1
        self._nodes_of_loops += bool(self._loops)
        if depth > DEEPEST:
            raise self._refused(node, f"it is nested more than {DEEPEST} deep")
        if self._nodes > MOST_NODES or self._nodes_of_loops > MOST_NODES_OF_LOOPS:
            raise self._refused(
                node,
                f"it has more than {MOST_NODES:,} parts, or {MOST_NODES_OF_LOOPS} in loops; make it shorter",
            )

    def _look_at_loop(self, loop: nodes.For, items: Mapping[str, tuple[str, ...]], depth: int) -> None:
        if loop.recursive or not isinstance(loop.target, nodes.Name):
            raise self._refused(loop, "a loop is written as for ITEM in LIST")
        if not isinstance(loop.iter, nodes.Name | nodes.Getattr | nodes.Getitem):
            raise self._refused(loop, "a loop goes over a list that is given, by its name")
        of_list = self._name_of(loop.iter, items)
        self.names.append((of_list, loop.lineno))
        self._check_word(loop, loop.target.name)
        inside = {**items, loop.target.name: (*of_list, _EACH)}
        self._loops += 1
        for child in (*loop.body, *([loop.test] if loop.test is not None else [])):
            self.look_at(child, inside, depth + 1)
        self._loops -= 1
        for child in loop.else_:
            self.look_at(child, items, depth + 1)

    def _look_at_filter(
        self, node: nodes.Filter | nodes.Test, items: Mapping[str, tuple[str, ...]], depth: int
    ) -> None:
        known = FILTERS if isinstance(node, nodes.Filter) else _TESTS
        if node.name not in known:
            raise self._refused(node, f"there is no {node.name[:30]!r}; there are {', '.join(sorted(known))}")
        if node.node is None or node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
            raise self._refused(
                node, f"{node.name} takes its values in order, as in {{{{ name | default('') }}}}"
            )
        for child in (node.node, *node.args):
            self.look_at(child, items, depth + 1)

    def _name_of(self, node: nodes.Node, items: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        parts: list[str] = []
        while not isinstance(node, nodes.Name):
            if isinstance(node, nodes.Getattr):
                part: object = node.attr
            elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
                part = node.arg.value
            else:
                raise self._refused(node, "a value is named as in first_name or custom.model")
            self._check_word(node, part)
            parts.append(str(part))
            node = node.node
            if len(parts) > _DEEPEST_VALUES:
                raise self._refused(node, f"a name has at most {_DEEPEST_VALUES} dots")
        self._check_word(node, node.name)
        return (*items.get(node.name, (node.name,)), *reversed(parts))

    def _check_word(self, node: nodes.Node, word: object) -> None:
        if not isinstance(word, str) or word.startswith("_") or word in _RESERVED:
            raise self._refused(node, f"{str(word)[:30]!r} names no value")

    def _refused(self, node: nodes.Node, what: str) -> InvalidTemplateError:
        return _invalid(self._place, node.lineno or 1, what)


def _is_known(known: object, name: Sequence[str]) -> bool:
    for part in name:
        if part == _EACH:
            if not isinstance(known, list | tuple):
                return False
            if not known:
                return True
            known = known[0]
        elif isinstance(known, Mapping) and part in known:
            known = known[part]
        else:
            return False
    return True


class _Copying:
    """Copies values, so that a template gets nothing that can do anything."""

    def __init__(self) -> None:
        self.rounds = _Rounds()
        self._left = MOST_VALUES

    def plain(self, name: str, value: object, depth: int = 0) -> object:
        """The value, if it is of one of the plain kinds itself, and not of a kind made from one."""
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST_VALUES:
            raise InvalidTemplateError(f"There are more than {MOST_VALUES:,} values, or {name} is too deep.")
        kind = type(value)
        if kind is str and len(str(value)) <= LONGEST_VALUE:
            return value
        if value is None or kind in (bool, date, datetime):
            return value
        if kind in (int, float, Decimal) and abs(value) < _LARGEST_NUMBER:  # type: ignore[arg-type]
            return value
        if isinstance(value, Mapping):
            return {str(key): self.plain(f"{name}.{key}", each, depth + 1) for key, each in value.items()}
        if isinstance(value, list | tuple):
            items = _List(self.plain(f"{name}{_EACH}", each, depth + 1) for each in value)
            items.rounds = self.rounds
            return items
        raise InvalidTemplateError(f"The value {name[:60]!r} is too large, or nothing that can be written.")
