"""The sandbox's own routes: accounts, truth, counters, faults, changes and time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.books.live import KINDS
from sandbox.books.month import Month
from sandbox.books.records import Record
from sandbox.books.totals import Truth
from sandbox.faults import SHARED_FAULTS
from sandbox.world import Account, Imitation, Remarking, World


class Control:
    """Answers whoever drives the sandbox; nothing here imitates anybody."""

    def __init__(self, world: World, imitations: Mapping[str, Imitation]) -> None:
        self._world = world
        self._imitations = imitations
        self._last_month = Month.of(world.clock.now().date()).shift(-1)

    def routes(self) -> list[Route]:
        """All routes that begin with an underscore."""
        return [
            Route("/_accounts", self._accounts),
            Route("/_truth/{provider}/{account}/{month}", self._truth),
            Route("/_calls", self._calls),
            Route("/_calls:reset", self._reset_calls, methods=["POST"]),
            Route("/_control", self._switch_on, methods=["POST"]),
            Route("/_control", self._switched_on, methods=["GET"]),
            Route("/_control", self._clear, methods=["DELETE"]),
            Route("/_control/mutate", self._mutate, methods=["POST"]),
            Route("/_control/clock", self._advance, methods=["POST"]),
        ]

    async def _accounts(self, request: Request) -> Response:
        root = str(request.base_url).rstrip("/")
        only = request.query_params.get("provider")
        wanted = {only: self._imitation(only)} if only else self._imitations
        return JSONResponse(
            [
                {
                    "provider": provider,
                    "account": account.id,
                    "name": account.profile.name,
                    "credentials": dict(imitation.credentials(account)),
                    "endpoints": dict(imitation.endpoints(account, f"{root}/{provider}")),
                    "last_month": str(self._last_month),
                    "currency": account.profile.currency,
                    **(imitation.remarks(account) if isinstance(imitation, Remarking) else {}),
                }
                for provider, imitation in wanted.items()
                for account in imitation.accounts
            ]
        )

    async def _truth(self, request: Request) -> Response:
        imitation, account = self._find(request.path_params)
        month = _month(request.path_params["month"])
        at = request.query_params.get("at")
        books = account.live.at(_moment(at)) if at else account.live.now
        return JSONResponse({"values": _worded(imitation.truth(books, month))})

    async def _calls(self, _: Request) -> Response:
        limits = {
            provider: {name: limit.figures() for name, limit in named.items()}
            for provider, named in self._world.limits.items()
        }
        calls = self._world.calls
        return JSONResponse({"calls": calls.snapshot(), "answering_s": calls.answering_s, "limits": limits})

    async def _reset_calls(self, _: Request) -> Response:
        self._world.calls.reset()
        return Response(status_code=204)

    async def _switch_on(self, request: Request) -> Response:
        wanted = await request.json()
        imitation = self._imitation(wanted.get("provider"))
        if wanted.get("account") is not None:
            self._find(wanted)
        name = wanted.get("fault")
        if name not in SHARED_FAULTS | imitation.faults:
            raise HTTPException(400, f"no such fault: {name}")
        known = {"provider", "account", "fault", "seconds", "times"}
        self._world.faults.switch_on(
            imitation.provider,
            wanted.get("account"),
            name,
            seconds=wanted.get("seconds"),
            times=wanted.get("times"),
            options={key: value for key, value in wanted.items() if key not in known},
        )
        return Response(status_code=204)

    async def _switched_on(self, _: Request) -> Response:
        return JSONResponse(
            [
                {"provider": one.provider, "account": one.account, "fault": one.name, "times_left": one.left}
                for one in self._world.faults.active()
            ]
        )

    async def _clear(self, _: Request) -> Response:
        self._world.faults.clear()
        return Response(status_code=204)

    async def _mutate(self, request: Request) -> Response:
        wanted = await request.json()
        _, account = self._find(wanted)
        if wanted.get("kind") not in KINDS:
            raise HTTPException(400, f"no such kind: {wanted.get('kind')}; known: {', '.join(KINDS)}")
        try:
            applied_at, record = _change(account, wanted)
        except LookupError as error:
            raise HTTPException(404, str(error)) from error
        return JSONResponse({"applied_at": applied_at.isoformat(), "document": record.id})

    async def _advance(self, request: Request) -> Response:
        self._world.clock.advance(float((await request.json())["advance_s"]))
        return JSONResponse({"now": self._world.clock.now().isoformat()})

    def _imitation(self, provider: Any) -> Imitation:
        if provider not in self._imitations:
            raise HTTPException(404, f"no such provider: {provider}")
        return self._imitations[provider]

    def _find(self, named: Mapping[str, Any]) -> tuple[Imitation, Account]:
        imitation = self._imitation(named.get("provider"))
        for account in imitation.accounts:
            if account.id == named.get("account"):
                return imitation, account
        raise HTTPException(404, f"no such account: {named.get('account')}")


def _change(account: Account, wanted: Mapping[str, Any]) -> tuple[datetime, Record]:
    kind, month = wanted["kind"], _month(wanted.get("month"))
    match wanted.get("action"):
        case "add":
            return account.live.add(kind, month, rate_known=wanted.get("rate_known", True))
        case "void":
            return account.live.void(kind, month, wanted.get("document"))
        case "move":
            to = _month(wanted["to"]) if "to" in wanted else month.shift(-1)
            return account.live.move(kind, month, to, wanted.get("document"))
    raise HTTPException(400, "action is add, void or move")


def _worded(truth: Truth) -> dict[str, dict[str, str]]:
    return {
        metric: {
            "value": f"{one.value:.2f}" if isinstance(one.value, Decimal) else str(one.value),
            "unit": one.unit,
        }
        for metric, one in truth.items()
    }


def _month(text: Any) -> Month:
    try:
        return Month.parse(str(text))
    except ValueError as error:
        raise HTTPException(400, "a month is YYYY-MM") from error


def _moment(text: str) -> datetime:
    try:
        # A plus sign that was not percent-encoded arrives as a blank.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise HTTPException(400, "at is an ISO 8601 instant") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
