"""Reads months with a connector alone: no broker, vault or database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from connectors.errors import ConnectorError, FormError, RejectedRequestError, ThrottledError
from connectors.protocol import (
    Access,
    Account,
    Connector,
    Credentials,
    MonthCounts,
    MonthWait,
    Reading,
    SignedIn,
)
from connectors.session import Session, build_session
from connectors.settings import ConnectorSettings
from pydantic import ValidationError
from sync_contracts.codes import ProblemCode, sentence
from sync_contracts.metrics import MetricValue
from sync_contracts.month import Months

from ledgerbus_cli.problems import BadUsageError, LedgerbusError

REFUSED, THROTTLED, DOWN, UNREADABLE, FORBIDDEN = 3, 4, 5, 6, 7
EXIT_CODES = {
    ProblemCode.NEEDS_AUTH: REFUSED,
    ProblemCode.WRONG_COMPANY: REFUSED,
    ProblemCode.PROVIDER_DOWN: DOWN,
    ProblemCode.UNREADABLE_ANSWER: UNREADABLE,
    ProblemCode.PROVIDER_REJECTED_REQUEST: UNREADABLE,
    ProblemCode.PROVIDER_PLAN_TOO_LOW: FORBIDDEN,
    ProblemCode.NO_PERMISSION: FORBIDDEN,
}
# When months differ: what somebody has to do something about comes first.
_GRAVITY = (REFUSED, FORBIDDEN, UNREADABLE, 1, DOWN, THROTTLED)
_NEARLY_OVER = timedelta(minutes=1)

Json = dict[str, Any]
OnSignedIn = Callable[[SignedIn], None]


class ProbeError(LedgerbusError):
    """Nothing could be read, and why."""

    def __init__(self, error: ConnectorError) -> None:
        is_limit = isinstance(error, ThrottledError)
        self.code = "RATE_LIMITED" if is_limit else error.code.value
        self.exit_code = THROTTLED if is_limit else EXIT_CODES.get(error.code, 1)
        advice = f"wait {error.retry_after_s:.0f} s" if isinstance(error, ThrottledError) else error.cause
        super().__init__(f"{advice or sentence(error.code)} ({error.detail})")


@dataclass(frozen=True, slots=True)
class Probe:
    """A reading as the command tells it."""

    reading: Reading
    sign_in_calls: int

    @property
    def exit_code(self) -> int:
        """0 when every month was read, else that of the gravest trouble."""
        codes = {_exit_code(result) for result in self.reading.months.values()} - {0}
        return min(codes, key=_GRAVITY.index, default=0)

    @property
    def troubles(self) -> dict[str, Json]:
        """The months that were not read, and why."""
        return {
            str(month): _trouble(result)
            for month, result in sorted(self.reading.months.items())
            if not isinstance(result, MonthCounts)
        }

    def as_json(self) -> Json:
        months = {
            str(month): _counts(result)
            for month, result in sorted(self.reading.months.items())
            if isinstance(result, MonthCounts)
        }
        told: Json = {
            "books": self.reading.books.model_dump(),
            "identity_known": self.reading.identity_known,
            "calls": self.reading.calls,
            "sign_in_calls": self.sign_in_calls,
            "identity_calls": self.reading.identity_calls,
            "months": months,
        }
        return told | ({"failed": self.troubles} if self.troubles else {})


async def probe(
    connector: Connector,
    fields: Mapping[str, str],
    months: Months,
    *,
    endpoints: Mapping[str, str],
    on_signed_in: OnSignedIn,
) -> Probe:
    """Sign in where needed, then read; `on_signed_in` hears of new tokens before they are used."""
    try:
        credentials = connector.split(fields)
    except FormError as error:
        told = "; ".join(f"{problem.field}: {problem.message}" for problem in error.problems)
        raise BadUsageError(f"The credentials do not fit: {told}.") from None
    try:
        async with build_session(_settings(connector, fields, endpoints)) as session:
            return await _read(session, connector, credentials, months, on_signed_in)
    except RejectedRequestError as error:
        if not error.status:  # it was never asked: something of the installation's is missing
            raise BadUsageError(f"{error.detail[:1].upper()}{error.detail[1:]}.") from None
        raise ProbeError(error) from None
    except ConnectorError as error:
        raise ProbeError(error) from None


async def _read(
    session: Session, connector: Connector, credentials: Credentials, months: Months, on_signed_in: OnSignedIn
) -> Probe:
    sign_in_calls = 0

    async def fresh_access() -> Access:
        nonlocal sign_in_calls
        signed_in = await connector.sign_in(session, credentials.grant, credentials.settings)
        sign_in_calls += signed_in.calls
        on_signed_in(signed_in)
        return signed_in.access

    async def read(access: Access) -> Reading:
        account = Account(
            access=access,
            settings=credentials.settings,
            account_key=connector.account_key(credentials.grant, credentials.settings),
        )
        return await connector.read_months(session, account, list(months))

    given = credentials.access
    if given is None or _is_over(given, session):
        return Probe(await read(await fresh_access()), sign_in_calls)
    reading = await read(given)
    if reading.access_refused and "refresh_token" in credentials.grant.values:
        reading = await read(await fresh_access())
    return Probe(reading, sign_in_calls)


def _is_over(access: Access, session: Session) -> bool:
    return access.expires_at is not None and access.expires_at <= session.clock.now() + _NEARLY_OVER


def _settings(
    connector: Connector, fields: Mapping[str, str], endpoints: Mapping[str, str]
) -> ConnectorSettings:
    """Those of the environment, overridden by the command's addresses and the file's operator keys."""
    unknown = set(endpoints) - set(connector.endpoints)
    if unknown:
        known = ", ".join(connector.endpoints)
        raise BadUsageError(f"{connector.form.name} has no endpoint {', '.join(unknown)}; it has {known}.")
    set_before = ConnectorSettings()
    wanted = {field.name for field in connector.form.operator_fields} & set(fields)
    keys = {
        name: value.get_secret_value()
        for name, value in set_before.operators.get(connector.provider, {}).items()
    } | {name: fields[name] for name in wanted}
    addresses = {**set_before.endpoints.get(connector.provider, {}), **endpoints}
    try:
        return ConnectorSettings.model_validate(
            {
                "endpoints": {connector.provider: addresses},
                "operators": {connector.provider: keys},
                "call_timeout_s": set_before.call_timeout_s,
            }
        )
    except ValidationError:
        raise BadUsageError("An endpoint is not an http or https address.") from None


def _exit_code(result: object) -> int:
    if isinstance(result, MonthCounts):
        return 0
    if isinstance(result, MonthWait):
        return THROTTLED
    return EXIT_CODES.get(getattr(result, "code", ProblemCode.INTERNAL), 1)


def _trouble(result: object) -> Json:
    if isinstance(result, MonthWait):
        return {
            "code": "RATE_LIMITED",
            "message": sentence(result.reason),
            "retry_at": result.retry_at.isoformat(),
        }
    code = getattr(result, "code", ProblemCode.INTERNAL)
    return {"code": code.value, "message": sentence(code), "detail": getattr(result, "detail", "")}


def _counts(result: MonthCounts) -> Json:
    return {
        "values": {metric.value: _value(value) for metric, value in result.values.items()},
        "record_count": result.record_count,
        "fingerprint": result.fingerprint,
        "notes": list(result.notes),
    }


def _value(value: MetricValue) -> Json:
    return {"value": str(value.value), "unit": value.unit, "source": value.source.value}
