"""Consents with the service as a real process, from the link to the deleted connection."""

from typing import Any

import httpx
import pytest
from connectors.protocol import Access, Account, MonthCounts
from connectors.registry import connector_for
from connectors.session import build_session
from connectors.settings import ConnectorSettings
from support.credentials_calls import account, lease, token_sets
from support.credentials_process import CredentialsProcess, CredentialsStack
from support.loopback import loopback_client
from sync_contracts.month import Month
from sync_contracts.providers import Provider

# One set of processes serves all of these.
pytestmark = pytest.mark.integration


async def read_month(
    credentials_stack: CredentialsStack, known: dict[str, Any], leased: dict[str, Any]
) -> dict[str, dict[str, str]]:
    """The last month as a worker reads it with what it was lent."""
    connector = connector_for(Provider(known["provider"]))
    keys = {field.name for field in connector.form.operator_fields} & set(known["credentials"])
    settings = ConnectorSettings.model_validate(
        {
            "endpoints": {known["provider"]: known["endpoints"]},
            "operators": {known["provider"]: {name: known["credentials"][name] for name in keys}},
        }
    )
    month = Month.parse(known["last_month"])
    books = Account(
        access=Access(leased["access"]), settings=leased["settings"], account_key=leased["account_key"]
    )
    async with build_session(settings) as session:
        result = (await connector.read_months(session, books, [month])).months[month]
    assert isinstance(result, MonthCounts), result
    return {str(metric): {"value": str(one.value), "unit": one.unit} for metric, one in result.values.items()}


async def test_a_consent_from_the_link_to_the_deleted_connection(one: CredentialsProcess, firm: str) -> None:
    async with one.client(firm) as http, loopback_client(timeout=30) as browser:
        link = (await http.post("/v1/clients/client-1/connections/xero/consent", json={})).json()
        pressed = {"auto": "allow", "user": account(one.stack, "xero", 23)["user"]}
        back = await browser.get(link["url"], params=httpx.URL(link["url"]).params.merge(pressed))
        page = await browser.get(back.headers["location"])
        consent = (await http.get(f"/v1/consents/{link['consent_id']}")).json()
        chosen = consent["organisations"][-1]
        saved = (
            await http.post(
                f"/v1/consents/{link['consent_id']}:choose",
                json={"organisation_id": chosen["organisation_id"]},
            )
        ).json()
        leased = (await lease(one, firm, saved["connection_id"])).json()
        api = account(one.stack, "xero")["endpoints"]["api"]
        read = await browser.get(
            f"{api}/api.xro/2.0/Organisation",
            headers={
                "Authorization": f"Bearer {leased['access']['access_token']}",
                "xero-tenant-id": leased["settings"]["tenant_id"],
                "Accept": "application/json",
            },
        )
        before = [one["revoked"] for one in token_sets(one.stack)]
        deleted = await http.delete("/v1/clients/client-1/connections/xero")

    assert page.status_code == 200
    assert consent["state"] == "choosing"
    assert read.json()["Organisations"][0]["Name"] == chosen["name"]
    assert deleted.status_code == 204
    assert [one["revoked"] for one in token_sets(one.stack)].count(True) == before.count(True) + 1
    assert (await lease(one, firm, saved["connection_id"])).status_code == 404


async def test_a_consent_whose_grant_token_comes_back_reads_the_first_month(
    one: CredentialsProcess, firm: str
) -> None:
    known = account(one.stack, "e-conomic", 2)
    path = "/v1/clients/client-1/connections/e-conomic"
    async with one.client(firm) as http, loopback_client(timeout=30) as browser:
        link = (await http.post(f"{path}/consent", json={})).json()
        pressed = {"auto": "allow", "agreement": str(known["agreement"])}
        back = await browser.get(link["url"], params=httpx.URL(link["url"]).params.merge(pressed))
        page = await browser.get(back.headers["location"])
        again = await browser.get(back.headers["location"])
        consent = (await http.get(f"/v1/consents/{link['consent_id']}")).json()
        [saved] = (await http.get("/v1/connections", params={"client_id": "client-1"})).json()["connections"]
        leased = (await lease(one, firm, saved["connection_id"])).json()
        reading = await read_month(one.stack, known, leased)
        deleted = await http.delete(path)

    assert (page.status_code, again.status_code) == (200, 400)
    assert (consent["state"], consent["chosen"]) == ("done", str(known["agreement"]))
    assert saved["books"]["name"] == known["name"]
    assert set(leased["access"]) == {"agreement_grant_token"}
    assert reading == one.stack.sandbox.truth(known, known["last_month"])
    assert deleted.status_code == 204
    assert (await lease(one, firm, saved["connection_id"])).status_code == 404


async def test_a_consent_to_one_company_is_saved_at_once_and_reads_the_first_month(
    one: CredentialsProcess, firm: str
) -> None:
    known = account(one.stack, "freeagent", 3)  # each refresh replaces its token
    path = "/v1/clients/client-1/connections/freeagent"
    async with one.client(firm) as http, loopback_client(timeout=30) as browser:
        link = (await http.post(f"{path}/consent", json={})).json()
        pressed = {"auto": "allow", "user": known["user"]}
        back = await browser.get(link["url"], params=httpx.URL(link["url"]).params.merge(pressed))
        page = await browser.get(back.headers["location"])
        consent = (await http.get(f"/v1/consents/{link['consent_id']}")).json()
        [saved] = (await http.get("/v1/connections", params={"client_id": "client-1"})).json()["connections"]
        leased = (await lease(one, firm, saved["connection_id"])).json()
        renewed = (await lease(one, firm, saved["connection_id"], refused_access=leased["access_id"])).json()
        reading = await read_month(one.stack, known, renewed)
        deleted = await http.delete(path)

    assert page.status_code == 200
    assert (consent["state"], saved["books"]["name"]) == ("done", known["name"])
    assert renewed["access"] != leased["access"]
    assert reading == one.stack.sandbox.truth(known, known["last_month"])
    assert deleted.status_code == 204
    assert (await lease(one, firm, saved["connection_id"])).status_code == 404


@pytest.mark.parametrize("number", [1, 3], ids=["production", "sandbox"])
async def test_a_consent_that_names_its_company_in_the_callback_reads_the_first_month(
    one: CredentialsProcess, firm: str, number: int
) -> None:
    known = account(one.stack, "quickbooks", number)
    path, realm_id = "/v1/clients/client-1/connections/quickbooks", known["credentials"]["realm_id"]
    async with one.client(firm) as http, loopback_client(timeout=30) as browser:
        link = (await http.post(f"{path}/consent", json={})).json()
        pressed = {"auto": "allow", "realm": realm_id}
        back = await browser.get(link["url"], params=httpx.URL(link["url"]).params.merge(pressed))
        await browser.get(back.headers["location"])
        consent = (await http.get(f"/v1/consents/{link['consent_id']}")).json()
        [saved] = (await http.get("/v1/connections", params={"client_id": "client-1"})).json()["connections"]
        leased = (await lease(one, firm, saved["connection_id"])).json()
        reading = await read_month(one.stack, known, leased)
        deleted = await http.delete(path)
        shown = (await browser.get(f"{one.stack.sandbox.base_url}/quickbooks/_consents")).json()

    assert consent["state"] == "done", consent
    assert saved["books"]["name"] == known["name"]
    assert leased["settings"] == {
        "realm_id": realm_id,
        "environment": known["credentials"]["environment"],
    }
    assert reading == one.stack.sandbox.truth(known, known["last_month"])
    assert deleted.status_code == 204
    assert all(each["revoked"] for each in shown if each["realm_id"] == realm_id)


async def test_a_realm_that_was_changed_on_its_way_back_opens_nothing(
    one: CredentialsProcess, firm: str
) -> None:
    mine, other = (account(one.stack, "quickbooks", number)["credentials"]["realm_id"] for number in (4, 5))
    path = "/v1/clients/client-1/connections/quickbooks"
    async with one.client(firm) as http, loopback_client(timeout=30) as browser:
        link = (await http.post(f"{path}/consent", json={})).json()
        pressed = {"auto": "allow", "realm": mine}
        back = await browser.get(link["url"], params=httpx.URL(link["url"]).params.merge(pressed))
        await browser.get(back.headers["location"].replace(mine, other))
        consent = (await http.get(f"/v1/consents/{link['consent_id']}")).json()
        saved = (await http.get("/v1/connections", params={"client_id": "client-1"})).json()["connections"]

    assert (consent["state"], saved) == ("failed", [])
    assert "company ID" in consent["cause"]


async def test_a_consent_to_a_service_account_outlives_its_access_token(
    one: CredentialsProcess, firm: str
) -> None:
    known = account(one.stack, "fortnox", 2)
    path, tenant_id = "/v1/clients/client-1/connections/fortnox", known["credentials"]["tenant_id"]
    async with one.client(firm) as http, loopback_client(timeout=30) as browser:
        link = (await http.post(f"{path}/consent", json={})).json()
        pressed = {"auto": "allow", "organisation": tenant_id}
        back = await browser.get(link["url"], params=httpx.URL(link["url"]).params.merge(pressed))
        await browser.get(back.headers["location"])
        consent = (await http.get(f"/v1/consents/{link['consent_id']}")).json()
        [saved] = (await http.get("/v1/connections", params={"client_id": "client-1"})).json()["connections"]
        leased = (await lease(one, firm, saved["connection_id"])).json()
        renewed = (await lease(one, firm, saved["connection_id"], refused_access=leased["access_id"])).json()
        reading = await read_month(one.stack, known, renewed)
        deleted = await http.delete(path)
        headers = {"Authorization": f"Bearer {renewed['access']['access_token']}"}
        after = await browser.get(f"{known['endpoints']['api']}/3/companyinformation", headers=headers)

    assert (consent["state"], consent["chosen"]) == ("done", tenant_id)
    assert saved["books"]["name"] == known["name"]
    assert leased["settings"] == {"tenant_id": tenant_id}
    assert set(renewed["access"]) == {"access_token"}
    assert renewed["access"] != leased["access"]
    assert reading == one.stack.sandbox.truth(known, known["last_month"])
    assert (deleted.status_code, after.status_code) == (204, 401)
    assert (await lease(one, firm, saved["connection_id"])).status_code == 404
