"""Each company's switches in MongoDB."""

from motor.motor_asyncio import AsyncIOMotorDatabase
from service_kit.mongo import Document
from sync_contracts.providers import Provider

from credentials.switches import Switches


class MongoSwitches:
    """Implements `SwitchStore`: one document per company, none for a fresh one."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._companies = database["companies"]

    async def of(self, company_id: str) -> Switches:
        found = await self._companies.find_one({"_id": company_id}) or {}
        enabled = frozenset(Provider(name) for name in found.get("enabled", []))
        return Switches(integrations_on=bool(found.get("integrations_on", True)), enabled=enabled)

    async def set_integrations(self, company_id: str, *, on: bool) -> None:
        await self._update(company_id, {"$set": {"integrations_on": on}})

    async def set_provider(self, company_id: str, provider: Provider, *, enabled: bool) -> None:
        operator = "$addToSet" if enabled else "$pull"
        await self._update(company_id, {operator: {"enabled": provider.value}})

    async def _update(self, company_id: str, change: Document) -> None:
        await self._companies.update_one({"_id": company_id}, change, upsert=True)
