import pytest
from ledgerbus_cli.comparison import compare
from ledgerbus_cli.demo import Findings
from ledgerbus_cli.service_calls import Json

TRUTH: dict[str, Json] = {"sales_net": {"value": "12.50", "unit": "EUR"}}
STORED: dict[str, Json] = {"sales_net": {"value": "12.50", "unit": "EUR", "source": "documents"}}


def test_equal_values_do_not_differ() -> None:
    assert compare("client-1", "2026-04", STORED, TRUTH).differences == ()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"sales_net": {"value": "12.51", "unit": "EUR"}}, "sales_net: 12.51 EUR, truth 12.50 EUR"),
        ({"sales_net": {"value": "12.50", "unit": "SEK"}}, "sales_net: 12.50 SEK, truth 12.50 EUR"),
        ({}, "sales_net: absent, truth 12.50 EUR"),
        (STORED | {"entry_count": {"value": "0", "unit": "entries"}}, "entry_count: 0 entries, truth absent"),
        (None, "no summary"),
    ],
)
def test_every_difference_is_told(written: dict[str, Json] | None, told: str) -> None:
    assert told in compare("client-1", "2026-04", written, TRUTH).differences


def test_the_demo_fails_when_one_value_differs() -> None:
    findings = Findings(comparisons=[compare("client-1", "2026-04", STORED, TRUTH)])
    assert findings.ok

    findings.comparisons.append(compare("client-1", "2026-05", {}, TRUTH))

    assert not findings.ok


def test_the_demo_fails_when_an_expectation_does_not_hold() -> None:
    findings = Findings()

    findings.expect(held=False, otherwise="a run did not end")

    assert not findings.ok
