"""Whose books they are, and in which currency."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from sync_contracts.jobs import Books

from connectors.api import Api, Call, CallKind
from connectors.errors import UnreadableAnswerError
from connectors.rows import Row, mapping, text

LONGEST_NAME = 300


async def read_company(api: Api, realm_id: str) -> Books:
    """Name and identity of the company behind a realm; its currency stands elsewhere."""
    call = Call(path="/companyinfo", path_tail=f"/{quote(realm_id, safe='')}")
    company = mapping(
        mapping(await api.json(call, CallKind.IDENTITY), "the answer").get("CompanyInfo"), "CompanyInfo"
    )
    name = text(company, "CompanyName")[:LONGEST_NAME]
    return Books(external_id=_identity(realm_id, company), name=name)


async def read_currency(api: Api) -> str:
    """The home currency."""
    answer: Any = await api.json(Call(path="/preferences"), CallKind.IDENTITY)
    for name in ("Preferences", "CurrencyPrefs", "HomeCurrency"):
        answer = mapping(answer, name).get(name)
    currency = text(mapping(answer, "HomeCurrency"), "value")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise UnreadableAnswerError("HomeCurrency is not a currency")
    return currency


def _identity(realm_id: str, company: Row) -> str | None:
    """The realm and the instant at which its company was made, which never changes.

    No answer repeats the realm that was asked for; without the instant nobody can tell whose books they are.
    """
    made_at = mapping(company.get("MetaData") or {}, "MetaData").get("CreateTime")
    try:
        moment = datetime.fromisoformat(str(made_at))
    except ValueError:
        return None
    return f"{realm_id}@{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
