"""`ledgerbus reload`, `bulk`, `cancel`, `retry`: requests as the platform sends them."""

import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import TypeAdapter, ValidationError
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.requests import RequestId

from ledgerbus_cli.desk import Desk
from ledgerbus_cli.follow import exit_code, follow
from ledgerbus_cli.options import ClientName, ProviderName, month_of
from ledgerbus_cli.problems import BadUsageError, NoAnswerError
from ledgerbus_cli.tables import receipt_view

Wait = Annotated[bool, typer.Option(help="Follow the run to its end, or only hear whether it is accepted.")]
RequestName = Annotated[
    str | None, typer.Option("--request-id", help="The same id within 7 days gets the same answer.")
]
RunName = Annotated[UUID, typer.Argument(metavar="RUN", help="The run's id.", show_default=False)]
CANCEL_S = 5.0
_REQUEST_ID: TypeAdapter[str] = TypeAdapter(RequestId)


async def reload(
    *,
    desk: Desk,
    client: ClientName,
    provider: ProviderName,
    overwrite: Annotated[
        bool | None, typer.Option(help="Confirm that values may be replaced; else you are asked.")
    ] = None,
    wait: Wait = True,
    request_id: RequestName = None,
) -> int:
    """Read one client's last 12 months again, the current one included."""
    confirmed = overwrite
    if confirmed is None and sys.stdin.isatty():
        confirmed = typer.confirm("Existing values may be replaced. Go on?", err=True, abort=True)
    request = await desk.platform.reload(
        client, provider, overwrite_confirmed=bool(confirmed), request_id=_checked(request_id)
    )
    return await _outcome(desk, request, wait=wait)


async def bulk(
    *,
    desk: Desk,
    provider: ProviderName,
    month: Annotated[Month, typer.Argument(metavar="YYYY-MM", parser=month_of, show_default=False)],
    clients: Annotated[
        list[str] | None, typer.Argument(metavar="[CLIENT]...", help="Clients; none: all that are connected.")
    ] = None,
    clients_file: Annotated[
        Path | None, typer.Option("--clients-file", metavar="FILE", help="One client on each line.")
    ] = None,
    wait: Wait = True,
    request_id: RequestName = None,
) -> int:
    """Read one month of many clients; those without credentials are named, and fail nothing."""
    named = [*(clients or ()), *_lines(clients_file)] or await _connected(desk, provider)
    try:
        request = await desk.platform.bulk(
            dict.fromkeys(named), provider, month, request_id=_checked(request_id)
        )
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        raise BadUsageError(f"The clients do not fit: {problem['msg']}.") from None
    return await _outcome(desk, request, wait=wait)


async def cancel(
    *,
    desk: Desk,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id of the run, or of its request.")],
) -> int:
    """Start no further job of a run."""
    named = _run_or_request(run)
    try:
        answer = await desk.platform.cancelled(await desk.platform.cancel(named), within_s=CANCEL_S)
    except NoAnswerError:
        if isinstance(named, UUID):
            raise
        told = f"No request {named} is known yet; if it comes within some minutes, it is cancelled."
        desk.output.show({"kept_for_request": named}, told)
        return 0
    desk.output.show(
        answer.model_dump(mode="json", exclude={"meta"}),
        f"Run {answer.run_id} is being cancelled; {answer.progress.ended.total} of {answer.progress.jobs} "
        "jobs had ended.",
    )
    return 0


async def retry(*, desk: Desk, run: RunName, wait: Wait = True, request_id: RequestName = None) -> int:
    """Run again only the failed jobs of a run that has ended."""
    request = await desk.platform.retry(run, request_id=_checked(request_id))
    return await _outcome(desk, request, wait=wait)


async def _outcome(desk: Desk, request: str, *, wait: bool) -> int:
    accepted = await desk.platform.accepted(request)
    if not wait:
        desk.output.show(
            accepted.model_dump(mode="json", exclude={"meta"}),
            f"Run {accepted.run_id}{' was under way already' if accepted.joined else ' is accepted'}; "
            f"see it with `ledgerbus watch {accepted.run_id}`.",
        )
        return 0
    name = f"{accepted.kind.value} of {accepted.provider}"
    (receipt,) = await follow(desk.platform, {accepted.run_id: name}, desk.output.remarks)
    desk.output.show(receipt.model_dump(mode="json", exclude={"meta"}), receipt_view(receipt))
    return exit_code(receipt)


async def _connected(desk: Desk, provider: Provider) -> list[str]:
    found = [one["client_id"] for one in await desk.platform.connections(provider=provider)]
    if not found:
        raise BadUsageError(f"No client is connected to {provider}; name clients, or connect them first.")
    return found


def _lines(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        return [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        raise BadUsageError(f"{file} cannot be read.") from None


def _run_or_request(text: str) -> UUID | str:
    try:
        return UUID(text)
    except ValueError:
        return _checked(text) or text


def _checked(request_id: str | None) -> str | None:
    try:
        return request_id and _REQUEST_ID.validate_python(request_id)
    except ValidationError:
        raise BadUsageError("A request's id is 1 to 64 letters, digits, - and _.") from None
