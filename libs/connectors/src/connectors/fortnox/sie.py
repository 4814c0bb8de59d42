"""Reads a SIE 4 file, Sweden's exchange format for bookkeeping: its vouchers and their rows.

Balances (#IB, #UB, #RES, #PSALDO) repeat what the vouchers add up to and are left alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from connectors.errors import UnreadableAnswerError

# A quoted text, an object list in braces, or anything without blanks.
_FIELD = re.compile(r'"((?:[^"\\]|\\.)*)"|\{(?:"(?:[^"\\]|\\.)*"|[^}"])*\}|[^\s"{}]+')
_AMOUNT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")
_FORMAT = re.compile(r'^#FORMAT\s+"?(\w+)', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SieRow:
    """One row of a voucher, debit positive."""

    account: int
    amount: Decimal
    day: date


@dataclass(slots=True)
class SieVoucher:
    """One voucher; `problem` tells why its rows cannot be trusted."""

    series: str
    number: str
    day: date
    rows: list[SieRow] = field(default_factory=list)
    problem: str | None = None


@dataclass(slots=True)
class SieFile:
    """One financial year."""

    first: date
    last: date
    vouchers: list[SieVoucher]


def read_sie(content: bytes) -> SieFile:
    """The year's vouchers; raises UnreadableAnswerError where a date or the file's frame is broken."""
    lines = map(str.strip, _decoded(content).split("\n"))
    year: tuple[date, date] | None = None
    sietyp = ""
    vouchers: list[SieVoucher] = []
    for line in lines:
        label = line[:8].split()[0] if line else ""
        if label == "#VER":
            vouchers.append(_voucher(_fields(line), _block(lines)))
        elif label == "#SIETYP":
            sietyp = _at(_fields(line), 1)
        elif label == "#RAR" and _at(_fields(line), 1) == "0":
            year = _day(_at(_fields(line), 2)), _day(_at(_fields(line), 3))
        elif label == "#TRANS":
            raise UnreadableAnswerError("a row of the SIE file stands outside of a voucher")
    if sietyp != "4" or year is None:
        raise UnreadableAnswerError("the answer is not a SIE file of type 4")
    if len({(one.series, one.number) for one in vouchers}) != len(vouchers):
        raise UnreadableAnswerError("a voucher stands twice in the SIE file")
    return SieFile(*year, vouchers)


def _decoded(content: bytes) -> str:
    """Code page 437 (PC8); UTF-8 where the file says so or its letters are."""
    told = _FORMAT.search(content[:2000].decode("cp437"))
    try:
        as_utf8 = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if told is not None and told[1] != "PC8":
            raise UnreadableAnswerError("the SIE file is not written as it says") from None
        return content.decode("cp437")
    return as_utf8


def _block(lines: Iterator[str]) -> list[list[str]]:
    """The rows in the braces below a voucher's line; #RTRANS and #BTRANS are history.

    An added row stands as #TRANS too.
    """
    rows: list[list[str]] = []
    if next(filter(None, lines), "") == "{":
        for line in lines:
            if line == "}":
                return rows
            if line.startswith("#TRANS"):
                rows.append(_fields(line))
            elif line.startswith("#VER"):
                break
    raise UnreadableAnswerError("a voucher of the SIE file has no end")


def _fields(line: str) -> list[str]:
    if _FIELD.sub("", line).strip():
        raise UnreadableAnswerError("a line of the SIE file cannot be split into its fields")
    return [
        re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[0]
        for found in _FIELD.finditer(line)
    ]


def _voucher(fields: Sequence[str], block: list[list[str]]) -> SieVoucher:
    voucher = SieVoucher(_at(fields, 1), _at(fields, 2), _day(_at(fields, 3)))
    for row in block:
        account, amount, own_day = _at(row, 1), _at(row, 3), _at(row, 4)
        if not account.isdecimal() or not _AMOUNT.fullmatch(amount):
            voucher.problem = "a row of the SIE file has no account or amount"
            continue
        day = _day(own_day) if own_day else voucher.day
        voucher.rows.append(SieRow(int(account), Decimal(amount), day))
    if sum(row.amount for row in voucher.rows) != 0:
        voucher.problem = voucher.problem or "a voucher of the SIE file does not add up to zero"
    return voucher


def _at(fields: Sequence[str], index: int) -> str:
    """Fields at a line's end may be missing."""
    return fields[index] if index < len(fields) else ""


def _day(text: str) -> date:
    found = _DAY.fullmatch(text)
    try:
        if found is not None:
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        pass
    raise UnreadableAnswerError("a date of the SIE file cannot be read")
