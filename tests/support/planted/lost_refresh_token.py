"""credentials with a bug: the refresh token that replaces a spent one is not kept."""

from connectors.protocol import Access, Grant
from credentials.app import NAME, build_app
from credentials.settings import Settings
from credentials.token_set import TokenSet
from service_kit.service import serve
from service_kit.telemetry import setup_telemetry

_renewed = TokenSet.renewed


def with_the_spent_token(self: TokenSet, _: Grant, access: Access) -> TokenSet:
    return _renewed(self, self.grant, access)


if __name__ == "__main__":
    TokenSet.renewed = with_the_spent_token  # type: ignore[assignment, method-assign]  # the planted bug
    settings = Settings()
    serve(build_app(settings, setup_telemetry(NAME)), settings.http)
