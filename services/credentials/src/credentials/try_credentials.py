"""Tests what a user has entered and not saved; nothing is stored."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.errors import AccessRefusedError, ConnectorError, FormError, ProviderDownError
from connectors.protocol import Access, Account, Connector, Credentials, Identified
from connectors.session import Session
from service_kit.clock import Clock
from sync_contracts.codes import ProblemCode, sentence
from sync_contracts.jobs import Books
from sync_contracts.providers import Provider

from credentials.current_access import EARLY
from credentials.refusals import InvalidRequestError
from credentials.signatures import Signatures, TestedInput

SUCCESS = "Connection successful!"
_TEST_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOutcome:
    """Success with a token that proves it, or the code and its likely cause."""

    __test__ = False

    message: str
    code: ProblemCode | None = None
    cause: str = ""
    books: Books | None = None
    identity_known: bool = False
    test_token: str | None = None
    calls: int = 0

    @property
    def ok(self) -> bool:
        return self.code is None


class TryCredentials:
    """At most 2 provider calls besides signing in."""

    def __init__(
        self,
        *,
        connectors: Mapping[Provider, Connector],
        session: Session,
        signatures: Signatures,
        clock: Clock,
    ) -> None:
        self._connectors = connectors
        self._session = session
        self._signatures = signatures
        self._clock = clock

    async def __call__(self, company_id: str, provider: Provider, fields: Mapping[str, str]) -> TestOutcome:
        """Raises InvalidRequestError naming the fields that do not fit."""
        connector = self._connectors[provider]
        credentials = split(connector, fields)
        try:
            async with asyncio.timeout(_TEST_S):
                identified = await self._identified(connector, credentials)
        except TimeoutError:
            return _failure(ProviderDownError("no answer in time"))
        except ConnectorError as error:
            return _failure(error)
        tested = TestedInput(company_id, provider, credentials)
        proof = await self._signatures.proof_of_test(tested, identified.books, now=self._clock.now())
        return TestOutcome(
            message=SUCCESS,
            books=identified.books,
            identity_known=identified.known,
            test_token=proof,
            calls=identified.calls,
        )

    async def _identified(self, connector: Connector, credentials: Credentials) -> Identified:
        if self._may_work(credentials.access):
            try:
                return await self._test(connector, credentials, credentials.access)
            except AccessRefusedError:
                pass  # pasted access that is spent: the grant decides
        signed_in = await connector.sign_in(self._session, credentials.grant, credentials.settings)
        return await self._test(connector, credentials, signed_in.access)

    def _may_work(self, access: Access | None) -> bool:
        return access is not None and (
            access.expires_at is None or access.expires_at > self._clock.now() + EARLY
        )

    async def _test(
        self, connector: Connector, credentials: Credentials, access: Access | None
    ) -> Identified:
        account = Account(
            access=access or Access({}),
            settings=credentials.settings,
            account_key=connector.account_key(credentials.grant, credentials.settings),
        )
        return await connector.test(self._session, account)


def split(connector: Connector, fields: Mapping[str, str]) -> Credentials:
    """The fields stripped, checked and sorted; raises InvalidRequestError naming those that do not fit."""
    try:
        return connector.split(fields)
    except FormError as error:
        detail = "; ".join(f"{problem.field}: {problem.message}" for problem in error.problems)
        paths = [f"body.fields.{problem.field}" for problem in error.problems]
        raise InvalidRequestError(detail, *paths) from None


def _failure(error: ConnectorError) -> TestOutcome:
    return TestOutcome(message=sentence(error.code), code=error.code, cause=error.cause)
