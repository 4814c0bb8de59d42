"""What only the sandbox tells: its accounts, the truth of their months, how often it was called."""

from dataclasses import dataclass
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

    async def truth(self, account: SandboxAccount, month: Month) -> dict[str, Json]:
        """Each metric's value and unit, as the provider's rules have them."""
        found = await self._get(f"/_truth/{account.provider}/{account.account}/{month}")
        values: dict[str, Json] = found["values"]
        return values

    async def calls(self) -> dict[str, int]:
        """All calls so far, by kind."""
        totals: dict[str, int] = {}
        for accounts in (await self._get("/_calls"))["calls"].values():
            for kinds in accounts.values():
                for kind, number in kinds.items():
                    totals[kind] = totals.get(kind, 0) + number
        return totals

    async def slow_down(self, provider: Provider, seconds: float) -> None:
        """Each of the provider's calls takes so long from now on."""
        body = {"provider": provider, "fault": "slow", "each_s": seconds}
        (await self.http.post(self.url + "/_control", json=body)).raise_for_status()

    async def allow(self, consent_url: str, account: SandboxAccount) -> None:
        """Be the user in the browser: log in, tick the one organisation, allow, follow the way back."""
        chosen = {
            "user": account.user or "",
            "organisation": account.credentials["tenant_id"],
            "auto": "allow",
        }
        url = httpx.URL(consent_url).copy_merge_params(chosen)
        (await self.http.get(url, follow_redirects=True)).raise_for_status()

    async def _get(self, path: str) -> Any:
        return (await self.http.get(self.url + path)).raise_for_status().json()
