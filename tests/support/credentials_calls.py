"""What tests ask of the credentials service's processes."""

from typing import Any

import httpx
from support.credentials_process import CredentialsProcess, CredentialsStack


def account(stack: CredentialsStack, provider: str, number: int = 0) -> dict[str, Any]:
    return stack.sandbox.accounts(provider)[number]


async def save(
    process: CredentialsProcess, firm: str, provider: str, fields: dict[str, str], client_id: str = "client-1"
) -> dict[str, Any]:
    async with process.client(firm) as http:
        answer = await http.put(f"/v1/clients/{client_id}/connections/{provider}", json={"fields": fields})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


async def lease(process: CredentialsProcess, firm: str, connection_id: str, **more: object) -> httpx.Response:
    return await process.internal(
        "connector-workers", f"connections/{connection_id}:lease", company_id=firm, **more
    )


def token_sets(stack: CredentialsStack) -> list[dict[str, Any]]:
    return list(stack.sandbox.http.get("/xero/_token_sets").json())
