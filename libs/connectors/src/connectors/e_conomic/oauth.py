"""e-conomic's consent: an administrator adds the app, and the browser brings a grant token back."""

import re
from collections.abc import Mapping

from sync_contracts.providers import Provider

from connectors.api import Api
from connectors.auth import key_of
from connectors.e_conomic.calls import ENDPOINTS, TOKEN, host, identify
from connectors.errors import AccessRefusedError, RejectedRequestError
from connectors.oauth import link
from connectors.protocol import Access, Account, Grant, Organisation, SignedIn
from connectors.session import Session

BUDGET_S = 45.0
# *unconfirmed*: this parameter's name, and that a query of the address it holds is kept.
RETURN_PARAMETER = "redirectUrl"


class EconomicOAuth:
    """Implements `OAuth`: there is no code, no PKCE and no refresh; the grant itself comes back."""

    def authorize_url(self, session: Session, *, state: str, code_challenge: str) -> str:  # noqa: ARG002 (no PKCE)
        keys = session.operator(Provider.E_CONOMIC)
        if not {"app_secret_token", "app_public_token", "redirect_uri"} <= set(keys):
            raise RejectedRequestError(
                "the installation has no app at e-conomic: secret token, public token and redirect address"
            )
        address = session.endpoint(Provider.E_CONOMIC, "secure", ENDPOINTS["secure"])
        parameters = {
            "appPublicToken": keys["app_public_token"],
            RETURN_PARAMETER: link(keys["redirect_uri"], {"state": state}),
        }
        return link(f"{address}/secure/api1/requestaccess.aspx", parameters)

    async def exchange(
        self,
        session: Session,  # noqa: ARG002 (nothing is exchanged)
        *,
        code: str,
        code_verifier: str,  # noqa: ARG002 (no PKCE)
        returned: Mapping[str, str],  # noqa: ARG002 (the grant tells all)
    ) -> SignedIn:
        if not re.fullmatch(TOKEN, code):
            raise AccessRefusedError(
                "what came back is no grant token", cause="Authorise again, and press Add app to the end."
            )
        return signed_in(Grant({"agreement_grant_token": code}))

    async def organisations(self, session: Session, access: Access) -> tuple[Organisation, ...]:
        """The one agreement that a grant opens."""
        key = key_of(Provider.E_CONOMIC, access.values["agreement_grant_token"])
        account = Account(access=access, settings={}, account_key=key)
        books = await identify(Api(session, host(session, account, budgets=()), budget_s=BUDGET_S))
        return (Organisation(str(books.external_id), str(books.name), {}, just_consented=True),)

    async def disconnect(self, session: Session, access: Access, settings: Mapping[str, str]) -> None:
        """A grant opens one agreement: nothing can be taken out of it."""

    async def revoke(self, session: Session, grant: Grant) -> None:
        """Only the agreement itself can: All settings > Extensions > Apps."""


def signed_in(grant: Grant) -> SignedIn:
    """A grant signs requests as it is; it lives until the agreement removes the app."""
    return SignedIn(Access(grant.values), grant)
