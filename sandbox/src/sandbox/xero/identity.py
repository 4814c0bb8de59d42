"""The identity side of the imitation: who may ask for tokens, and what they get."""

import hmac
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import uuid4

from sandbox.xero.connections import Connections
from sandbox.xero.consents import Codes, Consent
from sandbox.xero.parties import GRANULAR_SCOPES, App, User
from sandbox.xero.tokens import Tokens, TokenSet


class Identity:
    """Apps, users, codes, tokens and connections."""

    def __init__(
        self, now: Callable[[], datetime], seed: str, apps: Iterable[App], users: Iterable[User]
    ) -> None:
        self.apps = {app.client_id: app for app in apps}
        self.users = {user.user_id: user for user in users}
        self.tokens = Tokens(now, seed)
        self.codes = Codes(now)
        self.connections = Connections(now)

    def app_with(self, client_id: str, client_secret: str) -> App | None:
        """The app whose secret this is."""
        app = self.apps.get(client_id)
        if app is None or not hmac.compare_digest(app.client_secret.encode(), client_secret.encode()):
            return None
        return app

    def grant(self, consent: Consent, *, set_id: str | None = None) -> TokenSet:
        """Connect what was ticked and open the token set, all under one authentication event."""
        event = str(uuid4())
        self.connections.connect(consent.app, consent.user, consent.tenants, event)
        return self.tokens.open(consent.app, consent.user, consent.scopes, set_id=set_id, auth_event_id=event)

    def custom_connection(self, app: App, scopes: tuple[str, ...]) -> TokenSet:
        """Tokens of an app that belongs to one organisation: no user, no refresh token."""
        asked = scopes or tuple(scope for scope in GRANULAR_SCOPES if scope != "offline_access")
        return self.tokens.open(app, None, asked)

    def may_read(self, token_set: TokenSet, tenant_id: str) -> bool:
        """Whether a tenant is open to the holder of these tokens."""
        if token_set.user is None:
            return token_set.app.organisation_id == tenant_id
        return self.connections.allows(token_set.app, token_set.user, tenant_id)

    def revoke(self, app: App, refresh_token: str) -> None:
        """Revoke a token set and disconnect everything of its user."""
        token_set = self.tokens.revoke(app, refresh_token)
        if token_set is not None and token_set.user is not None:
            self.connections.drop_all(app, token_set.user)
