"""Owners and admins enter, change, switch, rotate and remove their company's endpoints."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pydantic import HttpUrl
from service_kit.clock import Clock
from sync_contracts.event import Actor

from notifier.delivery import DeathReason
from notifier.destination import DestinationRules, UrlRefusedError
from notifier.endpoint import MAX_PER_COMPANY, Endpoint
from notifier.ports import DeliveryStore, EndpointStore, ResolveHost
from notifier.refusals import (
    TooManyWebhooksError,
    WebhookBusyError,
    WebhookNotFoundError,
    WebhookUrlRefusedError,
)
from notifier.signing import shown_secret
from notifier.webhook_event import WebhookType
from notifier.webhook_secrets import WebhookSecrets

_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ManageWebhooks:
    """A secret is answered once, when it is made."""

    endpoints: EndpointStore
    deliveries: DeliveryStore
    secrets: WebhookSecrets
    rules: DestinationRules
    resolve: ResolveHost
    clock: Clock

    async def add(
        self, company_id: str, by: Actor, *, url: HttpUrl, types: tuple[WebhookType, ...], description: str
    ) -> tuple[Endpoint, str]:
        """The endpoint and its secret."""
        await self._check(url)
        if len(await self.endpoints.of_company(company_id)) >= MAX_PER_COMPANY:
            raise TooManyWebhooksError
        endpoint = Endpoint.made(
            company_id,
            url=str(url),
            types=types,
            description=description,
            key_version=await self.secrets.newest_key_version(),
            by=by,
            now=self.clock.now(),
        )
        secret = shown_secret(await self.secrets.current(endpoint))
        await self.endpoints.add(endpoint)
        return endpoint, secret

    async def find(self, company_id: str, endpoint_id: UUID) -> Endpoint:
        """WebhookNotFoundError when the company has no such endpoint."""
        found = await self.endpoints.find(company_id, endpoint_id)
        if found is None:
            raise WebhookNotFoundError
        return found

    async def change(
        self,
        company_id: str,
        endpoint_id: UUID,
        *,
        url: HttpUrl | None,
        types: tuple[WebhookType, ...] | None,
        description: str | None,
    ) -> Endpoint:
        """What is None stays."""
        if url is not None:
            await self._check(url)
        wanted = {"url": None if url is None else str(url), "types": types, "description": description}
        changes = {name: value for name, value in wanted.items() if value is not None}
        return await self._changed(company_id, endpoint_id, lambda old: old.model_copy(update=changes))

    async def switch(self, company_id: str, endpoint_id: UUID, *, on: bool) -> Endpoint:
        """Off: what was due becomes dead letters, to be replayed later."""
        now = self.clock.now()

        def switched(old: Endpoint) -> Endpoint:
            return old if old.is_enabled is on else old.switched(on=on, now=now)

        endpoint = await self._changed(company_id, endpoint_id, switched)
        if not on:
            await self.deliveries.bury_pending(endpoint_id, DeathReason.ENDPOINT_DISABLED, now)
        return endpoint

    async def rotate(self, company_id: str, endpoint_id: UUID, overlap: timedelta) -> tuple[Endpoint, str]:
        """The endpoint and its new secret; the one before signs too until the overlap is over."""
        key_version = await self.secrets.newest_key_version()
        until = self.clock.now() + overlap
        endpoint = await self._changed(
            company_id, endpoint_id, lambda old: old.rotated(key_version, previous_until=until)
        )
        return endpoint, shown_secret(await self.secrets.current(endpoint))

    async def remove(self, company_id: str, endpoint_id: UUID) -> None:
        """With all its deliveries."""
        if not await self.endpoints.remove(company_id, endpoint_id):
            raise WebhookNotFoundError
        await self.deliveries.forget_all(endpoint_id)

    async def _changed(
        self, company_id: str, endpoint_id: UUID, change: Callable[[Endpoint], Endpoint]
    ) -> Endpoint:
        for _ in range(_TRIES):
            old = await self.find(company_id, endpoint_id)
            new = change(old)
            if new == old:
                return old
            new = new.model_copy(update={"changed_at": self.clock.now()})
            if await self.endpoints.change(new):
                return new
        raise WebhookBusyError

    async def _check(self, url: HttpUrl) -> None:
        try:
            self.rules.check_url(url)
            if not self.rules.allow_private:
                self.rules.check_addresses(await self.resolve(str(url.host).strip("[]")))
        except UrlRefusedError as error:
            raise WebhookUrlRefusedError(str(error)) from None
