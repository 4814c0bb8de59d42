"""Directo's older interface: a form is posted, XML comes back, and errors come with status 200."""

import re
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from connectors.api import Call
from connectors.errors import UnreadableAnswerError
from connectors.rows import Row

PATH = "/xmlcore/cap_xml_direct/xmlcore.asp"
# *unconfirmed*: the container is missing in some samples
ROOTS = frozenset({"transport", "transactions", "transaction"})
RIGHT_WORDS = ("access denied", "permission", "not allowed")
_ERROR = re.compile(rb"<(result|err|error|errors|viga|veateade)\b[^>]*>?[^<]*", re.IGNORECASE)
_ERROR_ON_ROOT = re.compile(rb"^\s*(<\?xml[^>]*\?>)?\s*<\w+[^>]*\serror\s*=[^>]*", re.IGNORECASE)
_TYPE = re.compile(r"""\btype\s*=\s*["'](\d+)["']""")


class Told(StrEnum):
    """What a refusal is about."""

    KEY = "key"
    RIGHT = "right"
    ADDRESS = "address"
    REQUEST = "request"


def transactions_between(first: date, last: date) -> Call:
    """The ledger of these days, both included (*unconfirmed*), written as in the vendor's sample."""
    days = {"date1": f"{first:%d.%m.%Y}", "date2": f"{last:%d.%m.%Y}"}
    # A long ledger takes its time.
    return Call(
        method="POST", path=PATH, params={"get": "1", "what": "transaction", **days}, patience=2.0
    ).with_headers({"Content-Type": "application/x-www-form-urlencoded"})


def signed(call: Call, api_key: str) -> Call:
    """The call with its parameters in the body too, since both places are in use; the token only there."""
    return replace(call, body=urlencode({"token": api_key, **call.params}).encode())


def told(body: bytes) -> Told | None:
    """What an answer of status 200 refuses; None when it does not."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    if not body.strip():
        return Told.RIGHT
    found = _ERROR_ON_ROOT.search(body) or _ERROR.search(body)
    if found is None:
        return None
    words = found.group().decode(errors="replace").lower()
    kind = _TYPE.search(words)
    if kind is not None and kind.group(1) == "404":
        return Told.ADDRESS
    if any(word in words for word in RIGHT_WORDS):
        return Told.RIGHT
    is_key = (kind is not None and kind.group(1) == "5") or "token" in words or "unauthorized" in words
    return Told.KEY if is_key else Told.REQUEST


def documents(body: bytes) -> list[Row]:
    """Each transaction as the newer interface has it: its attributes, and `rows`."""
    # Entities could swell the answer, and no text with a null in it is in an encoding that shows them.
    if b"<!DOCTYPE" in body or b"\0" in body:
        raise UnreadableAnswerError("the answer is not plain XML")
    try:
        root = ET.fromstring(body)  # noqa: S314 (no document type gets this far)
    except ET.ParseError:
        raise UnreadableAnswerError("the answer is not XML") from None
    if root.tag.lower() not in ROOTS:
        raise UnreadableAnswerError("the answer is XML of another kind")
    return [_document(element) for element in root.iter("transaction")]


def _document(element: "ET.Element[str]") -> dict[str, Any]:
    return {**element.attrib, "rows": [dict(row.attrib) for row in element.iter("row")]}
