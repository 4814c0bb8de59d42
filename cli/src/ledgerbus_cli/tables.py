"""How runs, connections and summaries look to a person."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from sync_contracts.runs import SyncCompleted

from ledgerbus_cli.service_calls import Json

_SHOWN = ("document_count", "sales_net", "purchase_net", "income_total", "expense_total", "entry_count")

# Columns that may go on in a next line; figures, names and ids stay whole in any terminal.
_PROSE = {"answer", "books", "connected by", "hears of", "manual", "notes", "what to do", "why"}


class _PlainTable(Table):
    """A table whose columns other than prose are never narrower than what stands in them."""

    def add_row(self, *cells: RenderableType | None, **options: Any) -> None:
        super().add_row(*cells, **options)
        for column, cell in zip(self.columns, cells, strict=False):
            if column.no_wrap:
                column.min_width = max(column.min_width or cell_len(str(column.header)), cell_len(str(cell)))


def plain_table(*columns: str) -> Table:
    table = _PlainTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column not in _PROSE)
    return table


def receipt_view(receipt: SyncCompleted) -> RenderableType:
    """The outcome in a sentence, and each client with trouble."""
    table = plain_table("client", "ending", "months", "what to do")
    for line in receipt.lines:
        if line.message:
            months = ", ".join(map(str, line.months))
            table.add_row(line.client_id, line.ending.value, months, line.message)
    parts: list[RenderableType] = [Text(f"{receipt.message} (run {receipt.run_id})")]
    if table.row_count:
        parts.append(table)
    if receipt.lines_total > len(receipt.lines):
        parts.append(Text(f"{receipt.lines_total} lines in all: {receipt.lines_url}"))
    return Group(*parts)


def runs_table(runs: Iterable[Json]) -> Table:
    table = plain_table("run", "kind", "system", "months", "clients", "asked", "state")
    for run in runs:
        months = run["months"]
        span = months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"
        state = (run["ending"] or run["state"]).replace("_", " ")
        asked = _instant(run["requested_at"])
        table.add_row(run["run_id"], run["kind"], run["provider"], span, str(run["clients"]), asked, state)
    return table


def jobs_table(jobs: Iterable[Json]) -> Table:
    table = plain_table("client", "month", "state", "attempt", "why")
    for job in jobs:
        state = job["ending"] or job["state"]
        table.add_row(job["client_id"], job["month"], state, str(job["attempt"]), job["message"] or "")
    return table


def connections_table(connections: Iterable[Json]) -> Table:
    table = plain_table("client", "system", "books", "health", "ends on", "what to do")
    for one in connections:
        books = (one["books"] or {}).get("name") or ""
        health = one["health"] or one["state"]
        advice = one["cause"] or one["message"] or ""
        table.add_row(one["client_id"], one["provider"], books, health, one["expires_on"] or "", advice)
    return table


def summaries_table(summaries: Iterable[Json]) -> Table:
    table = plain_table("client", "system", "month", *(name.replace("_", " ") for name in _SHOWN), "notes")
    for one in summaries:
        values = [worded(one["values"].get(name)) for name in _SHOWN]
        table.add_row(one["client_id"], one["provider"], one["month"], *values, ", ".join(one["notes"]))
    return table


def webhooks_table(webhooks: Iterable[Json]) -> Table:
    table = plain_table("webhook", "address", "hears of", "state", "failing since", "newest number")
    for one in webhooks:
        state = "on" if one["enabled"] else f"off ({one['disabled_by']})"
        types = ", ".join(one["types"])
        since, number = _instant(one["failing_since"]), str(one["last_sequence"])
        table.add_row(one["webhook_id"], one["url"], types, state, since, number)
    return table


def deliveries_table(deliveries: Iterable[Json]) -> Table:
    table = plain_table("number", "type", "happened", "state", "attempts", "last answer", "next attempt")
    for one in deliveries:
        answer = (one["last_outcome"] or "").replace("_", " ")
        status = f" ({one['last_status']})" if one["last_status"] else ""
        state = (
            f"{one['state']}: {one['death_reason'].replace('_', ' ')}"
            if one["death_reason"]
            else one["state"]
        )
        times = _instant(one["occurred_at"]), _instant(one["due_at"])
        row = (str(one["sequence"]), one["type"], times[0], state, str(one["attempts"]))
        table.add_row(*row, answer + status, times[1])
    return table


def _instant(told: str | None) -> str:
    return told[:19].replace("T", " ") if told else ""


def worded(value: Json | None) -> str:
    """A value with its currency; a dash where the accounting system cannot tell."""
    return f"{amount_of(value)} {value['unit']}" if value and _is_money(value) else amount_of(value)


def amount_of(value: Json | None) -> str:
    """A value alone."""
    if value is None:
        return "-"
    return f"{Decimal(value['value']):,.2f}" if _is_money(value) else f"{Decimal(value['value']):,f}"


def _is_money(value: Json) -> bool:
    return len(value["unit"]) == 3 and bool(value["unit"].isupper())
