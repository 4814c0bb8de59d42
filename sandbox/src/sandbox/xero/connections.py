"""Which tenants each user has connected to each app."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from sandbox.xero.parties import App, Connection, Tenant, User


class Connections:
    """The connections of every user and app, as GET and DELETE /connections show them."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._of: dict[tuple[str, str], dict[str, Connection]] = {}

    def connect(self, app: App, user: User, tenants: Iterable[Tenant], auth_event_id: str) -> None:
        """Connect the ticked tenants; one that is connected already only gets the new event."""
        held = self._of.setdefault((app.client_id, user.user_id), {})
        now = self._now()
        for tenant in tenants:
            if tenant.tenant_id in held:
                old = held[tenant.tenant_id]
                held[tenant.tenant_id] = replace(old, auth_event_id=auth_event_id, updated_at=now)
                continue
            connection_id = str(uuid5(NAMESPACE_URL, f"{app.client_id}/{user.user_id}/{tenant.tenant_id}"))
            held[tenant.tenant_id] = Connection(connection_id, tenant, auth_event_id, now, now)

    def of(self, app: App, user: User) -> list[Connection]:
        """The user's connections to the app, the first made first."""
        return list(self._of.get((app.client_id, user.user_id), {}).values())

    def allows(self, app: App, user: User, tenant_id: str) -> bool:
        """Whether calls for the tenant are let through."""
        return tenant_id in self._of.get((app.client_id, user.user_id), {})

    def drop(self, app: App, user: User, connection_id: str) -> bool:
        """Disconnect one tenant; false when there is no such connection."""
        held = self._of.get((app.client_id, user.user_id), {})
        for tenant_id, connection in held.items():
            if connection.connection_id == connection_id:
                del held[tenant_id]
                return True
        return False

    def drop_tenant(self, tenant_id: str) -> None:
        """Disconnect a tenant from every app, as its owner can inside Xero."""
        for held in self._of.values():
            held.pop(tenant_id, None)

    def drop_all(self, app: App, user: User) -> None:
        """Disconnect everything that the user has connected to the app."""
        self._of.pop((app.client_id, user.user_id), None)
