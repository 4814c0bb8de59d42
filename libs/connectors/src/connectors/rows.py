"""Reads fields of JSON rows; what does not fit is an UnreadableAnswerError with the field, not its value."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import jiter
from sync_contracts.month import Month

from connectors.errors import UnreadableAnswerError

Row = Mapping[str, Any]


def parse_json(body: bytes) -> Any:
    """JSON with exact decimal numbers."""
    try:
        return jiter.from_json(body, float_mode="decimal", allow_inf_nan=False, cache_mode="keys")
    except ValueError:
        return _parse_slowly(body)


def _parse_slowly(body: bytes) -> Any:
    """Also what the fast parser does not take: a mark of the byte order, half a character, deep trees."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError):
        raise UnreadableAnswerError("the answer is not JSON") from None


def mapping(value: Any, what: str) -> Row:
    if not isinstance(value, dict):
        raise UnreadableAnswerError(f"{what} is not an object")
    return value


def listed(value: Any, what: str) -> list[Row]:
    """A list of objects."""
    if not isinstance(value, list):
        raise UnreadableAnswerError(f"{what} is not a list")
    return [mapping(item, f"an item of {what}") for item in value]


def text(row: Row, name: str) -> str:
    """A text that is not empty."""
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise UnreadableAnswerError(f"{name} is not a text")
    return value


def identifier(row: Row, name: str) -> str:
    """A text or whole number that names a record."""
    value = row.get(name)
    return str(value) if type(value) is int else text(row, name)


def amount(row: Row, name: str) -> Decimal:
    """A number; one in quotes is not a number."""
    value = row.get(name)
    if type(value) is int:
        return Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        raise UnreadableAnswerError(f"{name} is not a number")
    return value


def amount_or_text(row: Row, name: str) -> Decimal:
    """A number, also one in quotes."""
    value = row.get(name)
    if not isinstance(value, str):
        return amount(row, name)
    try:
        return amount({name: Decimal(value.strip())}, name)
    except InvalidOperation:
        raise UnreadableAnswerError(f"{name} is not a number") from None


def whole(row: Row, name: str) -> int:
    value = row.get(name)
    if type(value) is not int:
        raise UnreadableAnswerError(f"{name} is not a whole number")
    return value


def flag(row: Row, name: str) -> bool:
    value = row.get(name)
    if not isinstance(value, bool):
        raise UnreadableAnswerError(f"{name} is neither true nor false")
    return value


def day(row: Row, name: str) -> date:
    """The first ten characters as a date; the books' own calendar, never shifted."""
    try:
        return date.fromisoformat(text(row, name)[:10])
    except ValueError:
        raise UnreadableAnswerError(f"{name} is not a date") from None


def month_of(day: date) -> Month:
    try:
        return Month.of(day)
    except ValueError:
        raise UnreadableAnswerError("a date lies outside the years 2000 to 2099") from None


def _no_number(_: str) -> NoReturn:
    raise ValueError("not a number")
