"""Reading SIE 4 files."""

from datetime import date
from decimal import Decimal

import pytest
from connectors.errors import UnreadableAnswerError
from connectors.fortnox.sie import SieRow, SieVoucher, read_sie

DAY = date(2028, 2, 29)
HEAD = "#FLAGGA 0\r\n#FORMAT PC8\r\n#SIETYP 4\r\n#RAR 0 20280101 20281231\r\n#RAR -1 20270101 20271231\r\n"


def file_of(*lines: str, encoding: str = "cp437", head: str = HEAD) -> bytes:
    return (head + "".join(f"{line}\r\n" for line in lines)).encode(encoding)


def one_voucher(*rows: str, head: str = 'A 1 20280229 "Text" 20280301') -> SieVoucher:
    (found,) = read_sie(file_of(f"#VER {head}", "{", *rows, "}")).vouchers
    return found


def test_a_file_is_its_year_and_its_vouchers() -> None:
    found = read_sie(
        file_of(
            '#KONTO 1930 "Företagskonto"',
            "#IB 0 1930 10.00",
            '#VER B 12 20280229 "Faktura" 20280301',
            "{",
            '#TRANS 1510 {} 125.00 "" "" 0',
            '#TRANS 3001 {"1" "100"} -100 "" "" 0',
            '   #TRANS 2611 {} -25.00 "" "" 0',
            "}",
            "#VER A 1 20280101",
            "{",
            "}",
        )
    )

    assert (found.first, found.last) == (date(2028, 1, 1), date(2028, 12, 31))
    first, second = found.vouchers
    assert (first.series, first.number, first.day, first.problem) == ("B", "12", DAY, None)
    assert first.rows == [
        SieRow(1510, Decimal("125.00"), DAY),
        SieRow(3001, Decimal(-100), DAY),
        SieRow(2611, Decimal("-25.00"), DAY),
    ]
    assert second.rows == []


def test_rows_that_were_added_count_once_and_removed_ones_never() -> None:
    found = one_voucher(
        '#BTRANS 6110 {} 99.00 20280229 "Anna" 0',
        '#RTRANS 6110 {} 10.00 20280229 "Anna" 0',
        "#TRANS 6110 {} 10.00 20280229",
        "#TRANS 1930 {} -10.00 20280229",
    )

    assert [row.account for row in found.rows] == [6110, 1930]


def test_a_row_s_own_day_and_missing_fields_at_the_end() -> None:
    found = one_voucher("#TRANS 6110 {} 10 20280305", '#TRANS 1930 {} -10 ""')

    assert [row.day for row in found.rows] == [date(2028, 3, 5), DAY]


def test_fields_are_split_as_the_format_says() -> None:
    found = one_voucher(
        '#TRANS\t6110\t{"1" "a } b" "6" "x"}  10 "" "a \\"quoted\\" text { with # marks" 0',
        "#TRANS 1930 {} -10",
        head='"Ö" "12" 20280229 "Kund \\"Björk\\" AB" 20280301',
    )

    assert (found.series, found.number) == ("Ö", "12")
    assert sum(row.amount for row in found.rows) == 0


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("cp437", "PC8"), ("utf-8", "PC8"), ("utf-8-sig", "UTF-8"), ("utf-8", "UTF-8")],
)
def test_letters_are_read_as_they_were_written(encoding: str, told: str) -> None:
    text = HEAD.replace("PC8", told) + "#VER Å 1 20280229\r\n{\r\n}\r\n"

    (found,) = read_sie(text.encode(encoding)).vouchers

    assert found.series == "Å"


def test_a_file_that_is_not_written_as_it_says_is_refused() -> None:
    with pytest.raises(UnreadableAnswerError):
        read_sie(file_of("#VER Å 1 20280229", "{", "}", head=HEAD.replace("PC8", "UTF8")))


@pytest.mark.parametrize("row", ["#TRANS 6110 {} ten", "#TRANS {} 10", "#TRANS 6110 {} 1,50", "#TRANS 6110"])
def test_a_row_that_cannot_be_read_spoils_its_voucher(row: str) -> None:
    assert one_voucher(row, "#TRANS 1930 {} 0").problem


def test_a_voucher_adds_up_to_zero() -> None:
    assert one_voucher("#TRANS 6110 {} 10", "#TRANS 1930 {} -10.01").problem


@pytest.mark.parametrize(
    "lines",
    [
        ("#VER A 1 20280229", "{", "#TRANS 6110 {} 0"),
        ("#VER A 1 20280229", "{", "#TRANS 6110 {} 0", "#VER A 2 20280229", "{", "}"),
        ("#VER A 1 20280229",),
        ("#VER A 1 20280229", "#TRANS 6110 {} 0"),
        ("#TRANS 6110 {} 0",),
        ("#VER A 1 20280230", "{", "}"),
        ("#VER A 1 today", "{", "}"),
        ("#VER A 1", "{", "}"),
        ("#VER A 1 20280229", "{", "#TRANS 6110 {} 0 soon", "}"),
        ("#VER A 1 20280229", "{", '#TRANS 6110 {} 0 "" "cut', "}"),
        ("#VER A 1 20280229", "{", "}", "#VER A 1 20280301", "{", "}"),
        ("#RAR 0 2028", "#VER A 1 20280229", "{", "}"),
    ],
)
def test_a_broken_frame_or_day_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(UnreadableAnswerError):
        read_sie(file_of(*lines))


@pytest.mark.parametrize(
    "content",
    [b"", b"<html></html>", HEAD.replace("SIETYP 4", "SIETYP 1").encode(), b"#SIETYP 4\r\n", b'{"a": 1}'],
)
def test_what_is_no_file_of_type_4_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableAnswerError):
        read_sie(content)
