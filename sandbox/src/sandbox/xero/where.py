"""The `where` language, as far as the vendor documents it: comparisons joined by AND and OR."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<date>DateTime\(\s*\d{1,4}\s*(?:,\s*\d{1,2}\s*){2,5}\))
    | (?P<guid>Guid\("[0-9a-fA-F-]{36}"\))
    | (?P<text>"[^"]*")
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<operator>==|!=|>=|<=|&&|\|\||>|<|=)
    | (?P<bracket>[()])
    | (?P<word>[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*)*)
    )""",
    re.VERBOSE,
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class QueryParseError(Exception):
    """The expression cannot be understood; the text is the vendor's message."""


@dataclass(frozen=True)
class Where:
    """The test that a row passes, and the days outside of which no row can."""

    holds: Test
    since: date | None = None
    before: date | None = None
    names: frozenset[str] = frozenset()


def parse_where(text: str, fields: Mapping[str, type]) -> Where:
    """Understand an expression over these fields; raises QueryParseError."""
    reader = _Reader(_tokens(text), fields)
    holds = reader.either()
    if not reader.at_end:
        raise QueryParseError("Syntax error")
    names = frozenset(reader.names)
    if reader.is_joined_by_or:
        return Where(holds, names=names)
    return Where(holds, max(reader.since, default=None), min(reader.before, default=None), names)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise QueryParseError(f"Syntax error at character {position}")
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]], fields: Mapping[str, type]) -> None:
        self._tokens = tokens
        self._fields = {name.lower(): (name, kind) for name, kind in fields.items()}
        self._position = 0
        self.is_joined_by_or = False
        self.names: set[str] = set()
        self.since: list[date] = []
        self.before: list[date] = []

    @property
    def at_end(self) -> bool:
        return self._position >= len(self._tokens)

    def either(self) -> Test:
        tests = [self._both()]
        while self._skip("or", "||"):
            self.is_joined_by_or = True
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._skip("and", "&&"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._skip("("):
            test = self.either()
            if not self._skip(")"):
                raise QueryParseError("')' expected")
            return test
        name, kind = self._field()
        sign = self._comparison()
        value = self._value(kind)
        self.names.add(name)
        if name == "Date" and isinstance(value, datetime):
            self._bound(sign, value.date())
        compare = _COMPARE[sign]
        return lambda row: row.get(name) is not None and compare(_comparable(row[name]), value)

    def _bound(self, sign: str, day: date) -> None:
        # Bounds only choose which months are generated; `holds` stays the judge.
        if sign in {">=", ">", "=", "=="}:
            self.since.append(day)
        if sign in {"<=", "<", "=", "=="}:
            self.before.append(day + timedelta(days=1))

    def _field(self) -> tuple[str, type]:
        group, text = self._next()
        if group != "word" or text.lower() not in self._fields:
            raise QueryParseError(f"No property or field '{text}' exists")
        return self._fields[text.lower()]

    def _comparison(self) -> str:
        group, text = self._next()
        if group != "operator" or text not in _COMPARE:
            raise QueryParseError("Expression of type 'Boolean' expected")
        return text

    def _value(self, kind: type) -> object:
        group, text = self._next()
        value = _read(group, text)
        if not isinstance(value, kind):
            raise QueryParseError("Operator incompatible with operand types")
        return value

    def _next(self) -> tuple[str, str]:
        if self.at_end:
            raise QueryParseError("Expression expected")
        self._position += 1
        return self._tokens[self._position - 1]

    def _skip(self, *texts: str) -> bool:
        found = not self.at_end and self._tokens[self._position][1].lower() in texts
        self._position += found
        return found


def _comparable(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    return datetime.combine(value, time()) if isinstance(value, date) else value


def _read(group: str, text: str) -> object:
    if group == "date":
        try:
            return datetime(*map(int, text[9:-1].split(",")))  # type: ignore[arg-type]  # noqa: DTZ001 dates have no zone
        except ValueError as error:
            raise QueryParseError(
                "Year, Month, and Day parameters describe an un-representable DateTime"
            ) from error
    if group == "number":
        return Decimal(text)
    if group == "guid":
        return text[6:-2].lower()
    if group == "text":
        return text[1:-1]
    return text.lower() == "true" if text.lower() in {"true", "false"} else None
