"""What makes a request refused; pure checks that raise the code."""

from collections.abc import Sequence

from sync_contracts.codes import RefusalCode, sentence
from sync_contracts.event import Actor, Meta, Role
from sync_contracts.month import Month
from sync_contracts.runs import RunRejected

_MAX_FIELDS = 50


class RefusedError(Exception):
    """The request is answered with a code instead of a run."""

    def __init__(self, code: RefusalCode) -> None:
        super().__init__(code)
        self.code = code


def check_role(actor: Actor) -> None:
    if actor.role not in {Role.OWNER, Role.ADMIN}:
        raise RefusedError(RefusalCode.FORBIDDEN)


def check_confirmed(overwrite_confirmed: bool) -> None:
    if not overwrite_confirmed:
        raise RefusedError(RefusalCode.OVERWRITE_NOT_CONFIRMED)


def check_begun(month: Month, current: Month) -> None:
    if month > current:
        raise RefusedError(RefusalCode.MONTH_IN_FUTURE)


def check_switches(*, integrations_on: bool, provider_enabled: bool) -> None:
    if not integrations_on:
        raise RefusedError(RefusalCode.INTEGRATION_APP_OFF)
    if not provider_enabled:
        raise RefusedError(RefusalCode.INTEGRATION_NOT_ENABLED)


def rejected(meta: Meta, request_id: str, code: RefusalCode, fields: Sequence[str] = ()) -> RunRejected:
    """The answer to a refused request."""
    return RunRejected(
        meta=meta.follow(RunRejected),
        request_id=request_id,
        code=code,
        message=sentence(code),
        fields=tuple(fields[:_MAX_FIELDS]),
    )
