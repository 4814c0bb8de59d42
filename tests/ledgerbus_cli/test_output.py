"""What a person sees in a narrow terminal."""

import pytest
from ledgerbus_cli.output import Output
from ledgerbus_cli.tables import summaries_table


def test_a_narrow_terminal_breaks_no_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": "60", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    values = {"sales_net": {"value": "1360000.75", "unit": "EUR"}}
    summary = {"client_id": "client-1", "provider": "merit-aktiva", "month": "2026-04"}

    Output(as_json=False).show(None, summaries_table([{**summary, "values": values, "notes": []}]))

    printed = capsys.readouterr().out
    assert "1,360,000.75" in printed
    assert "merit-aktiva" in printed
