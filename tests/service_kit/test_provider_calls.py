"""Calls at accounting systems as metrics."""

import pytest
from service_kit import provider_calls
from service_kit.provider_calls import ProviderCalls
from sync_contracts.providers import Provider


@pytest.mark.parametrize(
    ("status", "told"),
    [(200, "2xx"), (304, "3xx"), (404, "4xx"), (429, "429"), (503, "5xx"), (None, "none")],
)
def test_answers_are_told_by_class(monkeypatch: pytest.MonkeyPatch, status: int | None, told: str) -> None:
    recorded: list[tuple[str, float, dict[str, str]]] = []
    monkeypatch.setattr(
        provider_calls, "record", lambda name, value, **labels: recorded.append((name, value, labels))
    )

    ProviderCalls().answered(Provider.XERO, status, 0.25)

    assert recorded == [("ledgerbus.provider.call.duration", 0.25, {"provider": "xero", "status": told})]
