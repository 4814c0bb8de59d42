"""What the demo shows and says."""

from collections.abc import Iterable
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ledgerbus_cli.comparison import Comparison
from ledgerbus_cli.demo import Findings
from ledgerbus_cli.tables import amount_of, plain_table, receipt_view, worded

_SHOWN = ("document_count", "sales_net", "income_total", "expense_total")

Json = dict[str, Any]


def as_json(findings: Findings) -> Json:
    """For machines."""
    return {
        "ok": findings.ok,
        "faults": findings.faults,
        "differences": [f"{one.client} {one.month}: {told}" for one, told in _differences(findings)],
        "tests": findings.tests,
        "connected": {provider: len(clients) for provider, clients in findings.connected.items()},
        "connected_by_consent": findings.consents,
        "runs": [receipt.model_dump(mode="json", exclude={"meta"}) for receipt in findings.receipts],
        "summaries": [one.as_json() for one in findings.comparisons],
        "provider_calls": findings.calls,
        "seconds": {name: round(seconds, 2) for name, seconds in findings.steps.items()},
        "total_seconds": round(sum(findings.steps.values()), 2),
    }


def as_text(findings: Findings) -> RenderableType:
    """For a person."""
    parts: list[RenderableType] = [_tests(findings)]
    parts += [receipt_view(receipt) for receipt in findings.receipts]
    parts += [_summaries(findings.comparisons), _times(findings)]
    parts += [Text(f"{one.client} {one.month}: {told}", style="red") for one, told in _differences(findings)]
    parts += [Text(fault, style="red") for fault in findings.faults]
    return Group(*parts, _verdict(findings))


def _differences(findings: Findings) -> list[tuple[Comparison, str]]:
    return [(one, told) for one in findings.comparisons for told in one.differences]


def _tests(findings: Findings) -> Table:
    table = plain_table("test of credentials", "answer")
    for one in findings.tests:
        table.add_row(f"{one['client']}, {one['name']}", f"{one['message']} {one['cause']}".strip())
    return table


def _summaries(comparisons: Iterable[Comparison]) -> Table:
    table = plain_table("client", "month", "equal", *(name.replace("_", " ") for name in _SHOWN))
    for one in comparisons:
        metrics = len({*one.written, *one.truth})
        equal = sum(one.written.get(metric) == value for metric, value in one.truth.items())
        shown = (_beside(one, metric) for metric in _SHOWN)
        style = "red" if one.differences else None
        table.add_row(one.client, one.month, f"{equal} of {metrics}", *shown, style=style)
    table.caption = "written | truth"
    return table


def _beside(one: Comparison, metric: str) -> str:
    written, truth = one.written.get(metric), one.truth.get(metric)
    same_unit = written and truth and written["unit"] == truth["unit"]
    return f"{amount_of(written) if same_unit else worded(written)} | {worded(truth)}"


def _times(findings: Findings) -> Table:
    table = plain_table("where the time went", "seconds")
    for name, seconds in findings.steps.items():
        table.add_row(name, f"{seconds:.1f}")
    table.add_row("in all", f"{sum(findings.steps.values()):.1f}")
    return table


def _verdict(findings: Findings) -> Text:
    values = sum(len({*one.written, *one.truth}) for one in findings.comparisons)
    clients = sum(map(len, findings.connected.values()))
    calls = f"{findings.calls.get('total', 0)} calls to the accounting systems"
    counted = f"{len(findings.comparisons)} summaries of {clients} clients, {values} values, {calls}"
    if findings.ok:
        return Text(f"Everything is as it should be: {counted}; each value equals the truth.", style="green")
    return Text(f"Something is wrong: {counted}.", style="bold red")
