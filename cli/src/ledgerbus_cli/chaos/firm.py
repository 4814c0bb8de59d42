"""The firm whose clients are synced during a chaos: who is connected, and what is known of their books."""

from dataclasses import dataclass, field
from datetime import datetime

from sync_contracts.providers import Provider

from ledgerbus_cli.chaos.evidence import Client
from ledgerbus_cli.sandbox_client import SandboxAccount

# What people type in; of the others the first credentials are worth nothing once tokens have rotated.
KEYED = frozenset(
    {
        Provider.MERIT_AKTIVA,
        Provider.SMARTACCOUNTS,
        Provider.SCORO,
        Provider.DIRECTO,
        Provider.TRIPLETEX,
        Provider.E_CONOMIC,
    }
)


@dataclass(slots=True)
class Firm:
    """Changes as the chaos goes on."""

    accounts: dict[Client, SandboxAccount]
    changed: dict[Client, list[datetime]] = field(default_factory=dict)
    saved_again: dict[Client, int] = field(default_factory=dict)
    deleted: dict[Client, datetime] = field(default_factory=dict)

    @property
    def connected(self) -> list[Client]:
        return sorted(client for client in self.accounts if client not in self.deleted)

    def clients_of(self, provider: Provider) -> list[Client]:
        """Those that were connected at the beginning."""
        return sorted(client for client in self.accounts if client.provider is provider)

    @property
    def providers(self) -> list[Provider]:
        return sorted({client.provider for client in self.accounts})

    def chosen(self, choice: float) -> Client:
        """A connected client, by a number in [0, 1)."""
        return self.connected[int(choice * len(self.connected))]

    def chosen_keyed(self, choice: float) -> Client:
        keyed = [client for client in self.connected if client.provider in KEYED]
        return keyed[int(choice * len(keyed))]

    def chosen_to_delete(self, choice: float) -> Client | None:
        """One of those that have a colleague left at the same accounting system."""
        left = [one for one in self.connected if sum(a.provider is one.provider for a in self.connected) > 1]
        return left[int(choice * len(left))] if left else None
