"""Which server answers a client: what fails together has one key."""

import pytest
from connectors.registry import connector_for
from sync_contracts.providers import Provider


@pytest.mark.parametrize(
    ("provider", "settings", "key"),
    [
        (Provider.XERO, {"tenant_id": "t-1"}, "xero/app"),
        (Provider.DIRECTO, {}, "directo/app"),
        (Provider.MERIT_AKTIVA, {"country": "PL"}, "merit-aktiva/pl"),
        (Provider.TRIPLETEX, {"environment": "test"}, "tripletex/test"),
        (Provider.QUICKBOOKS, {"environment": "sandbox"}, "quickbooks/sandbox"),
        (Provider.FREEAGENT, {"environment": "production"}, "freeagent/production"),
        (Provider.TRIGON, {"environment": "production"}, "trigon/production"),
        (Provider.SCORO, {"site": "acme.scoro.ee"}, "scoro/acme.scoro.ee"),
    ],
)
def test_clients_of_one_server_share_a_key(provider: Provider, settings: dict[str, str], key: str) -> None:
    assert connector_for(provider).site_key(settings) == key
