"""Consents over the HTTP API."""

from urllib.parse import parse_qs, urlsplit

from support.credentials_caller import CONNECTION, Caller


async def test_a_consent_leads_the_browser_back_to_the_platform(caller: Caller) -> None:
    link = (
        await caller.http.post(
            f"{CONNECTION}/consent", json={"return_to": "https://app.example/x?y=1"}, headers=caller.owner
        )
    ).json()
    state = parse_qs(urlsplit(link["url"]).query)["state"][0]

    back = await caller.http.get("/v1/oauth/callback", params={"state": state, "code": "ann"})
    again = await caller.http.get("/v1/oauth/callback", params={"state": state, "code": "ann"})
    consent = (await caller.http.get(f"/v1/consents/{link['consent_id']}", headers=caller.owner)).json()

    assert back.status_code == 303
    assert back.headers["location"] == (
        f"https://app.example/x?y=1&consent_id={link['consent_id']}&state=done"
    )
    assert (again.status_code, again.json()["code"]) == (400, "CONSENT_STATE_INVALID")
    assert (consent["state"], consent["chosen"]) == ("done", "org-1")


async def test_a_consent_without_a_code_brings_its_token_back(caller: Caller) -> None:
    link = (await caller.http.post(f"{CONNECTION}/consent", json={}, headers=caller.owner)).json()
    state = parse_qs(urlsplit(link["url"]).query)["state"][0]

    back = await caller.http.get("/v1/oauth/callback", params={"state": state, "token": "ann"})
    consent = (await caller.http.get(f"/v1/consents/{link['consent_id']}", headers=caller.owner)).json()

    assert (consent["state"], consent["chosen"]) == ("done", "org-1")
    assert caller.world.provider.returned == [{}]
    assert back.headers["referrer-policy"] == "no-referrer"
    assert back.headers["cache-control"] == "no-store"


async def test_a_consent_returns_nowhere_else(caller: Caller) -> None:
    for address in ("https://evil.example/", "https://app.example.evil.example/", "javascript:alert(1)"):
        answer = await caller.http.post(
            f"{CONNECTION}/consent", json={"return_to": address}, headers=caller.owner
        )

        assert (answer.status_code, answer.json()["fields"]) == (422, ["body.return_to"])


async def test_an_organisation_is_chosen(caller: Caller) -> None:
    caller.world.provider.organisations_found = (("org-1", True), ("org-2", True))
    link = (await caller.http.post(f"{CONNECTION}/consent", json={}, headers=caller.owner)).json()
    state = parse_qs(urlsplit(link["url"]).query)["state"][0]
    page = await caller.http.get("/v1/oauth/callback", params={"state": state, "code": "ann"})

    consent = (await caller.http.get(f"/v1/consents/{link['consent_id']}", headers=caller.owner)).json()
    chosen = await caller.http.post(
        f"/v1/consents/{link['consent_id']}:choose", json={"organisation_id": "org-2"}, headers=caller.owner
    )

    assert page.status_code == 200
    assert consent["state"] == "choosing"
    assert [one["organisation_id"] for one in consent["organisations"]] == ["org-1", "org-2"]
    assert chosen.json()["settings"] == {"tenant_id": "org-2"}
