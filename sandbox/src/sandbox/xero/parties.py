"""Who takes part: the app, the Xero user, and the organisations behind the consent."""

from dataclasses import dataclass
from datetime import datetime

GRANULAR_SCOPES = (
    "offline_access",
    "accounting.settings.read",
    "accounting.invoices.read",
    "accounting.banktransactions.read",
    "accounting.manualjournals.read",
    "accounting.reports.profitandloss.read",
)
KNOWN_SCOPES = frozenset(GRANULAR_SCOPES) | {
    "openid",
    "profile",
    "email",
    "accounting.settings",
    "accounting.transactions",
    "accounting.transactions.read",
    "accounting.invoices",
    "accounting.banktransactions",
    "accounting.manualjournals",
    "accounting.reports.read",
    "accounting.reports.trialbalance.read",
    "accounting.contacts.read",
    "accounting.contacts",
    "accounting.payments.read",
}


@dataclass(frozen=True)
class App:
    """An app of the developer portal; with an organisation of its own it is a custom connection."""

    client_id: str
    client_secret: str
    name: str
    organisation_id: str | None = None


@dataclass(frozen=True)
class Tenant:
    """What a user can tick on the consent page."""

    tenant_id: str
    name: str
    kind: str = "ORGANISATION"


@dataclass(frozen=True)
class User:
    """A person with a Xero login and the tenants this person may connect."""

    user_id: str
    name: str
    tenants: tuple[Tenant, ...]


@dataclass(frozen=True)
class Connection:
    """A tenant that a user has connected to an app."""

    connection_id: str
    tenant: Tenant
    auth_event_id: str
    created_at: datetime
    updated_at: datetime
