import pytest
from connectors.protocol import Connector, reading_budget_s
from connectors.registry import CONNECTORS, connector_for
from connectors.session import build_session
from connectors.settings import ConnectorSettings
from pydantic import ValidationError
from sync_contracts.metrics import DOCUMENT_COUNTS, Metric
from sync_contracts.providers import Provider


def test_every_provider_has_its_connector() -> None:
    assert set(CONNECTORS) == set(Provider)


@pytest.mark.parametrize("provider", Provider)
def test_a_connector_says_what_a_user_and_an_operator_need(provider: Provider) -> None:
    connector: Connector = connector_for(provider)

    assert connector.provider is connector.form.provider is provider
    assert connector.form.manual_url.startswith("https://")
    assert connector.endpoints
    # One without an address of its own waits for the operator's.
    assert all(address.startswith("https://") for address in connector.endpoints.values() if address)
    assert any(field.secret for field in connector.form.fields)
    assert connector.budgets
    assert {*DOCUMENT_COUNTS, Metric.DOCUMENT_COUNT} <= set(connector.sources)


@pytest.mark.parametrize(("months", "seconds"), [(1, 130), (12, 240), (16, 280), (36, 280)])
def test_a_readings_time_grows_with_its_months_up_to_a_limit(months: int, seconds: float) -> None:
    assert reading_budget_s(months) == seconds


async def test_settings_move_endpoints_and_give_the_operators_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTORS__ENDPOINTS", '{"xero": {"api": "http://127.0.0.1:9/xero/api/"}}')
    monkeypatch.setenv("CONNECTORS__OPERATORS", '{"xero": {"client_id": "c-1"}}')

    async with build_session() as session:
        assert session.endpoint(Provider.XERO, "api", "https://x") == "http://127.0.0.1:9/xero/api"
        assert session.endpoint(Provider.XERO, "login", "https://x") == "https://x"
        assert session.operator(Provider.XERO) == {"client_id": "c-1"}
        assert session.operator(Provider.TRIPLETEX) == {}


async def test_a_provider_has_an_address_once_any_of_its_hosts_has() -> None:
    unknown = {"production": "", "test": ""}
    settings = ConnectorSettings.model_validate({"endpoints": {"xero": {"test": "https://test.example"}}})

    async with build_session(ConnectorSettings()) as without, build_session(settings) as with_one:
        assert not without.has_address(Provider.XERO, unknown)
        assert without.has_address(Provider.XERO, {"api": "https://x"})
        assert with_one.has_address(Provider.XERO, unknown)


@pytest.mark.parametrize(
    ("address", "filled"),
    [
        ("http://127.0.0.1:9/{site}/api", "http://127.0.0.1:9/acme/api"),
        ("https://{site}.gateway.example/", "https://acme.gateway.example"),
        ("http://127.0.0.1:9/api", "http://127.0.0.1:9/api"),
    ],
)
async def test_an_address_may_have_a_place_for_a_customer_s_name(address: str, filled: str) -> None:
    settings = ConnectorSettings.model_validate({"endpoints": {"xero": {"api": address}}})

    async with build_session(settings) as session:
        assert session.endpoint(Provider.XERO, "api", "https://x", site="acme") == filled
        assert session.endpoint(Provider.XERO, "login", "https://{site}.x", site="acme") == "https://acme.x"


@pytest.mark.parametrize(
    "name",
    ["", "a.b", "evil.example/", "a/b", "a@b", "a#", "a:1", "-a", "a-", "A", "\u0430", "a\n", "a" * 64],
)
async def test_a_place_takes_one_label_and_nothing_that_leads_elsewhere(name: str) -> None:
    async with build_session(ConnectorSettings()) as session:
        with pytest.raises(ValueError, match="one label"):
            session.endpoint(Provider.XERO, "api", "https://{site}.x", site=name)


def test_an_unknown_provider_in_the_settings_is_named_without_its_secret() -> None:
    with pytest.raises(ValidationError) as caught:
        ConnectorSettings.model_validate({"operators": {"acme": {"key": "secret-key"}}})

    assert "operators" in str(caught.value)
    assert "secret-key" not in str(caught.value)
