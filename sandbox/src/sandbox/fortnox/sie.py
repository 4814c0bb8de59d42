"""The SIE 4 file of one financial year, balances and history included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from sandbox.books.ledger import Books
from sandbox.fortnox.company import Company, FinancialYear
from sandbox.fortnox.ledger import ACCOUNTS, REVERSE_IN, REVERSE_OUT, Row, Voucher, vouchers

_NAMES = dict(ACCOUNTS.values()) | {
    REVERSE_IN: "Beräknad ingående moms på förvärv från utlandet",
    REVERSE_OUT: "Utgående moms omvänd skattskyldighet, 25 %",
}
_FIRST_RESULT_ACCOUNT = 3000


def sie_file(company: Company, books: Books, year: FinancialYear, today: date) -> bytes:
    """The file: code page 437 with CRLF at the ends of lines, whatever the company's habits."""
    made = [one for month in books.months(year.first, year.last) for one in vouchers(company, books, month)]
    lines = [*_head(company, year, today), *_balances(made), *(line for one in made for line in _lines(one))]
    text = "\r\n".join(lines) + "\r\n"
    return text.encode("utf-8" if company.habits.writes_utf8 else "cp437", errors="replace")


def cut_off(content: bytes) -> bytes:
    """Only the first part, up to the middle of a voucher."""
    middle = content.rfind(b"\r\n}", 0, len(content) * 2 // 3)
    return content[: middle if middle > 0 else len(content) // 2]


def with_rubbish(content: bytes, field: str) -> bytes:
    """The first row's amount, or the first voucher's day, made unreadable."""
    lines = content.split(b"\r\n")
    label = b"#VER" if field == "date" else b"#TRANS"
    for index, line in enumerate(lines):
        if line.startswith(label):
            fields = line.split(b" ")
            fields[3] = b"n/a"
            lines[index] = b" ".join(fields)
            break
    return b"\r\n".join(lines)


def _head(company: Company, year: FinancialYear, today: date) -> Iterator[str]:
    yield from ("#FLAGGA 0", '#PROGRAM "Fortnox" 3.60.1', "#FORMAT PC8", f"#GEN {today:%Y%m%d}", "#SIETYP 4")
    yield f"#FNAMN {_quoted(company.account.profile.name)}"
    yield f"#ORGNR {company.organisation_number}"
    yield f"#RAR 0 {year.first:%Y%m%d} {year.last:%Y%m%d}"
    before = [one for one in company.years(year.first) if one.id == year.id - 1]
    yield from (f"#RAR -1 {one.first:%Y%m%d} {one.last:%Y%m%d}" for one in before)
    for account, name in sorted(_NAMES.items()):
        yield f"#KONTO {account} {_quoted(name)}"
        yield f"#SRU {account} 7{account % 1000:03}"


def _balances(made: list[Voucher]) -> Iterator[str]:
    """What the vouchers add up to, told once more."""
    sums: defaultdict[int, Decimal] = defaultdict(Decimal)
    months: defaultdict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for row in (row for one in made for row in one.rows):
        sums[row.account] += row.amount
        months[f"{row.day:%Y%m}", row.account] += row.amount
    for account, amount in sorted(sums.items()):
        if account < _FIRST_RESULT_ACCOUNT:
            yield f"#IB 0 {account} 0.00"
            yield f"#UB 0 {account} {amount}"
        else:
            yield f"#RES 0 {account} {amount}"
    for (month, account), amount in sorted(months.items()):
        yield f"#PSALDO 0 {month} {account} {{}} {amount}"


def _lines(voucher: Voucher) -> Iterator[str]:
    number = voucher.number
    series = f'"{voucher.series}"' if number % 7 == 0 else voucher.series
    yield f"#VER {series} {number} {voucher.day:%Y%m%d} {_quoted(voucher.text)} {voucher.day:%Y%m%d}"
    yield "{"
    if number % 11 == 0:  # a row that was taken out later
        yield f'#BTRANS 6110 {{}} 99.00 {voucher.day:%Y%m%d} "Ändrad" 0'
    for position, row in enumerate(voucher.rows):
        fields = _row(voucher, row, position)
        if number % 13 == 0 and position == 0:  # a row that was put in later stands twice
            yield f"#RTRANS {fields}"
        yield f"#TRANS {fields}"
    yield "}"


def _row(voucher: Voucher, row: Row, position: int) -> str:
    objects = '{"1" "100"}' if voucher.number % 5 == 0 and position else "{}"
    own_day = f"{row.day:%Y%m%d}" if voucher.has_own_days else '""'
    tail = "" if voucher.number % 17 == 0 and own_day != '""' else f" {_quoted('')} 0"
    return f"{row.account} {objects} {_amount(row.amount)} {own_day}{tail}"


def _amount(amount: Decimal) -> str:
    return f"{amount.normalize():f}" if amount else "0"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
