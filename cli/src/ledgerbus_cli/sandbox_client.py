"""What only the sandbox tells: its accounts, the truth of their months, how often it was called."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import httpx
from sync_contracts.month import Month
from sync_contracts.providers import Provider

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SandboxAccount:
    """One set of books, and what opens it."""

    provider: Provider
    account: str
    credentials: dict[str, str]
    last_month: Month
    user: str | None

    @classmethod
    def of(cls, listed: Json) -> Self:
        """As `/_accounts` lists it."""
        return cls(
            provider=Provider(listed["provider"]),
            account=listed["account"],
            credentials={
                name: str(value) for name, value in listed["credentials"].items() if value is not None
            },
            last_month=Month.parse(listed["last_month"]),
            user=listed.get("user"),
        )


@dataclass(frozen=True, slots=True)
class SandboxClient:
    """Asks a running sandbox."""

    http: httpx.AsyncClient
    url: str

    async def accounts(self) -> list[SandboxAccount]:
        return [SandboxAccount.of(one) for one in await self._get("/_accounts")]

    async def truth(
        self, account: SandboxAccount, month: Month, *, at: datetime | None = None
    ) -> dict[str, Json]:
        """Each metric's value and unit, as the provider's rules have them, now or at an instant."""
        query = {"at": at.isoformat()} if at else {}
        found = await self._get(f"/_truth/{account.provider}/{account.account}/{month}", query)
        values: dict[str, Json] = found["values"]
        return values

    async def calls(self) -> dict[str, int]:
        """All calls so far, by kind."""
        totals: dict[str, int] = {}
        for accounts in (await self.calls_by_account()).values():
            for kinds in accounts.values():
                for kind, number in kinds.items():
                    totals[kind] = totals.get(kind, 0) + number
        return totals

    async def answering_s(self) -> float:
        """How long all answers so far took."""
        return float((await self._get("/_calls"))["answering_s"])

    async def slow_down(self, provider: Provider, seconds: float) -> None:
        """Each of the provider's calls takes so long from now on."""
        await self.fault(provider, "slow", each_s=seconds)

    async def calls_by_account(self) -> dict[str, dict[str, dict[str, int]]]:
        """Calls by provider, account and kind."""
        found: dict[str, dict[str, dict[str, int]]] = (await self._get("/_calls"))["calls"]
        return found

    async def fault(self, provider: Provider, fault: str, account: str | None = None, **options: Any) -> None:
        """Let calls of a provider, or of one account, run into a fault."""
        await self.post("/_control", {"provider": provider, "account": account, "fault": fault, **options})

    async def heal(self) -> None:
        """Switch all faults off."""
        (await self.http.delete(self.url + "/_control")).raise_for_status()

    async def change(self, account: SandboxAccount, month: Month, action: str, kind: str) -> datetime:
        """Change the books; the instant of it."""
        body = {"provider": account.provider, "account": account.account, "month": str(month)}
        answer = await self.post("/_control/mutate", body | {"action": action, "kind": kind})
        return datetime.fromisoformat(answer["applied_at"])

    async def post(self, path: str, body: Json) -> Any:
        answer = (await self.http.post(self.url + path, json=body)).raise_for_status()
        return answer.json() if answer.content else None

    async def allow(self, consent_url: str, account: SandboxAccount) -> None:
        """Be the user in the browser: log in, tick the one organisation, allow, follow the way back."""
        chosen = {
            "user": account.user or "",
            "organisation": account.credentials["tenant_id"],
            "auto": "allow",
        }
        url = httpx.URL(consent_url).copy_merge_params(chosen)
        (await self.http.get(url, follow_redirects=True)).raise_for_status()

    async def _get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        return (await self.http.get(self.url + path, params=dict(query or {}))).raise_for_status().json()
