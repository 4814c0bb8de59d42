"""A provider of JSON over HTTP as data, and the connector that runs it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sync_contracts.jobs import Books
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from connectors.api import Api, CallKind, Host
from connectors.auth import key_of
from connectors.errors import ConnectorError, WrongCompanyError
from connectors.limits import Budget
from connectors.protocol import (
    Account,
    CredentialForm,
    Credentials,
    Grant,
    Identified,
    OAuth,
    Reading,
    SignedIn,
    reading_budget_s,
)
from connectors.reading import Plan, Task, run_parts
from connectors.session import Session
from connectors.tally import Tally

TEST_BUDGET_S = 45.0

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestSpec:
    """All that differs between providers."""

    provider: Provider
    version: str
    form: CredentialForm
    endpoints: Mapping[str, str]
    budgets: tuple[Budget, ...]
    sources: Mapping[Metric, Source]
    at_once: int
    split: Callable[[Mapping[str, str]], Credentials]
    account_parts: Callable[[Grant, Settings], Sequence[str]]
    owner_parts: Callable[[Grant], Sequence[str]]
    host: Callable[[Session, Account], Host]
    sign_in: Callable[[Session, Grant, Settings], Awaitable[SignedIn]]
    identify: Callable[[Api, Settings], Awaitable[Books]]
    test: Callable[[Api, Settings], Awaitable[Books]]
    probe_rights: Callable[[Api, Settings, Month], Awaitable[None]]
    plan: Callable[[Task], Plan]
    oauth: OAuth | None = None
    # Which of the provider's servers answers a client, where there are several.
    site: Callable[[Settings], str] = lambda _: "app"


class RestConnector:
    """Implements `Connector` for one `RestSpec`."""

    def __init__(self, spec: RestSpec) -> None:
        self._spec = spec
        self.provider = spec.provider
        self.version = spec.version
        self.form = spec.form
        self.endpoints = spec.endpoints
        self.budgets = spec.budgets
        self.sources = spec.sources
        self.oauth = spec.oauth

    def split(self, fields: Settings) -> Credentials:
        return self._spec.split(fields)

    def account_key(self, grant: Grant, settings: Settings) -> str:
        return key_of(self.provider, *self._spec.account_parts(grant, settings))

    def site_key(self, settings: Settings) -> str:
        return f"{self.provider}/{self._spec.site(settings)}"

    def owner_key(self, grant: Grant) -> str:
        return key_of(self.provider, "owner", *self._spec.owner_parts(grant))

    async def sign_in(self, session: Session, grant: Grant, settings: Settings) -> SignedIn:
        return await self._spec.sign_in(session, grant, settings)

    async def identify(self, session: Session, account: Account) -> Identified:
        api = self._api(session, account, TEST_BUDGET_S)
        return _identified(await self._spec.identify(api, account.settings), api)

    async def test(self, session: Session, account: Account) -> Identified:
        api = self._api(session, account, TEST_BUDGET_S)
        return _identified(await self._spec.test(api, account.settings), api)

    async def probe_rights(self, session: Session, account: Account, month: Month) -> None:
        await self._spec.probe_rights(self._api(session, account, TEST_BUDGET_S), account.settings, month)

    async def read_months(
        self,
        session: Session,
        account: Account,
        months: Collection[Month],
        *,
        expected: Books | None = None,
    ) -> Reading:
        read_at = session.clock.now()
        api = self._api(session, account, reading_budget_s(len(months)))
        books = Books()
        tally = Tally(months, self._spec.sources, "")
        try:
            books = await self._spec.identify(api, account.settings)
            _check_same(expected, books)
        except ConnectorError as error:
            tally.fail(months, error)
        else:
            tally.currency = books.currency or ""
            task = Task(api=api, tally=tally, settings=account.settings, months=sorted(months))
            plan = self._spec.plan(task)
            await run_parts(plan.parts, tally, at_once=self._spec.at_once)
            plan.finish()
        return Reading(
            read_at=read_at,
            months=tally.results(session.clock.now()),
            books=books,
            identity_known=books.external_id is not None,
            calls=api.calls[CallKind.READ],
            identity_calls=api.calls[CallKind.IDENTITY],
        )

    def _api(self, session: Session, account: Account, budget_s: float) -> Api:
        return Api(session, self._spec.host(session, account), budget_s=budget_s)


def _identified(books: Books, api: Api) -> Identified:
    return Identified(books, known=books.external_id is not None, calls=api.calls.total())


def _check_same(expected: Books | None, found: Books) -> None:
    known = expected is not None and None not in {expected.external_id, found.external_id}
    if known and expected is not None and expected.external_id != found.external_id:
        raise WrongCompanyError("the credentials open other books than the connection's")
