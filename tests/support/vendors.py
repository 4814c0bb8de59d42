"""A client's books as they would be connected in life, and a vendor of whom only the answers are known."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx
from connectors.errors import ConnectorError
from connectors.protocol import Account, Connector, Grant, MonthFailure
from connectors.registry import connector_for
from connectors.session import Session, build_session
from connectors.settings import ConnectorSettings
from support.connecting import Answers, SteppingClock, connected
from support.sandbox_server import RunningSandbox
from sync_contracts.month import Month
from sync_contracts.providers import Provider

MONTH = Month(2026, 4)
ELSEWHERE = "vendor.example"  # of a vendor whose address the operator sets


@dataclass(frozen=True)
class Books:
    """Everything that a connector is ever asked for, at the vendor's own addresses."""

    connector: Connector
    fields: dict[str, str]
    account: Account
    grant: Grant
    operators: dict[str, str]

    def read(self, answers: Answers, account: Account, fields: dict[str, str]) -> list[Exception | str]:
        """Signs in, tests and reads; what went wrong."""
        return asyncio.run(self._read(answers, account, fields))

    def asked(self, account: Account, fields: dict[str, str]) -> list[httpx.Request]:
        """Every request, to a vendor that knows nothing."""
        requests: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            requests.append(request)
            return httpx.Response(200, json={}, request=request)

        self.read(answer, account, fields)
        return requests

    async def _read(
        self, answers: Answers, account: Account, fields: dict[str, str]
    ) -> list[Exception | str]:
        connector = self.connector
        async with self._session(answers) as session:

            async def sign_in() -> None:
                grant = connector.split(fields).grant
                await connector.sign_in(session, grant, account.settings)

            async def read_months() -> list[str]:
                reading = await connector.read_months(session, account, [MONTH])
                return [told.detail for told in reading.months.values() if isinstance(told, MonthFailure)]

            uses: list[Callable[[], Awaitable[object]]] = [
                sign_in,
                lambda: connector.identify(session, account),
                lambda: connector.test(session, account),
                lambda: connector.probe_rights(session, account, MONTH),
                read_months,
            ]
            return [wrong for use in uses for wrong in await _tried(use)]

    def _session(self, answers: Answers) -> Session:
        provider = self.connector.provider
        unset = [name for name, address in self.connector.endpoints.items() if not address]
        chosen = ConnectorSettings.model_validate(
            {
                "endpoints": {provider: {name: f"https://{ELSEWHERE}/{name}" for name in unset}},
                "operators": {provider: self.operators},
            }
        )
        return build_session(chosen, clock=SteppingClock(), transport=httpx.MockTransport(answers))


def books_of(sandbox: RunningSandbox, provider: Provider) -> Books:
    """The provider's first account in the sandbox, signed in."""
    connector = connector_for(provider)
    known = sandbox.accounts(provider)[0]

    async def account() -> Account:
        async with connected(sandbox, known) as signed_in:
            return signed_in.account

    given = known["credentials"]
    operators = {one.name: given[one.name] for one in connector.form.operator_fields if one.name in given}
    return Books(connector, dict(given), asyncio.run(account()), connector.split(given).grant, operators)


async def _tried(use: Callable[[], Awaitable[object]]) -> list[Exception | str]:
    """A setting that is no choice of its form names no address: a KeyError."""
    try:
        told = await use()
    except (ConnectorError, ValueError, KeyError) as error:
        return [error]
    return [str(one) for one in told] if isinstance(told, list) else []
