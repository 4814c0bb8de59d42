"""docs/providers.md: what each connector says of itself."""

import re
from collections.abc import Iterable
from importlib import import_module
from inspect import cleandoc

from connectors.protocol import Connector
from connectors.registry import CONNECTORS
from sync_contracts.metrics import Metric

HEAD = """# Accounting systems
What each connector says of itself: written by `make contracts`, never by hand.
"""
SECTIONS = ("Source", "Access", "Limits", "Calls", "Counts", "Quirks")


def providers_page() -> str:
    connectors = [CONNECTORS[provider] for provider in sorted(CONNECTORS)]
    parts = [HEAD, _overview(connectors), _metrics(connectors), *(_details(each) for each in connectors)]
    return "\n".join(parts)


def _overview(connectors: list[Connector]) -> str:
    rows = "".join(
        f"| [{each.form.name}](#{_anchor(each)}){_marker(each)} | `{each.provider}` "
        f"| {_where(each)} | {_entered(each)} "
        f"| {'consent in the browser' if each.oauth else 'keys'} | {_list(each.endpoints)} |\n"
        for each in connectors
    )
    return (
        f"| system | name | countries or environments | fields | access | endpoints |\n{'|---' * 6}|\n{rows}"
    )


def _metrics(connectors: list[Connector]) -> str:
    short = {"documents": "D", "ledger": "L", "profit_and_loss": "P"}
    names = "".join(f" {each.form.name} |" for each in connectors)
    rows = "".join(
        f"| `{metric}` |"
        + "".join(f" {short.get(each.sources.get(metric, ''), '')} |" for each in connectors)
        + "\n"
        for metric in Metric
    )
    legend = "Where a metric is read: D documents, L ledger, P profit and loss; empty: it cannot tell."
    return f"## Metrics\n{legend}\n\n| metric |{names}\n{'|---' * (len(connectors) + 1)}|\n{rows}"


def _details(connector: Connector) -> str:
    package = import_module(f"connectors.{connector.provider.replace('-', '_')}.connector")
    said = _sections(cleandoc(package.__doc__ or ""))
    rows = "".join(f"| {name.lower()} | {said[name]} |\n" for name in SECTIONS if name in said)
    return f"## {connector.form.name}\n\n| | |\n|---|---|\n{rows}| unconfirmed | {_unconfirmed(said)} |\n"


def _sections(text: str) -> dict[str, str]:
    """The docstring's parts, each on one line."""
    found = re.split(rf"^({'|'.join(SECTIONS)}): ", text, flags=re.MULTILINE)
    return {
        name: " ".join(body.split()).replace("|", "\\|")
        for name, body in zip(found[1::2], found[2::2], strict=True)
    }


def _unconfirmed(said: dict[str, str]) -> str:
    sentences = [sentence for body in said.values() for sentence in re.split(r"(?<=\.)\s+", body)]
    marked = [sentence for sentence in sentences if "*unconfirmed*" in sentence.lower()]
    return " ".join(marked) or "nothing"


def _marker(connector: Connector) -> str:
    """A preview says so, and so does one that waits for the operator's address."""
    marks = ["preview"] if connector.form.preview else []
    marks += ["the operator sets its address"] if not any(connector.endpoints.values()) else []
    return f" ({'; '.join(marks)})" if marks else ""


def _where(connector: Connector) -> str:
    return _list([*connector.form.countries, *connector.form.environments]) or "any"


def _entered(connector: Connector) -> str:
    return ", ".join(
        f"`{each.name}`" + (" (secret)" if each.secret else "") for each in connector.form.fields
    )


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _anchor(connector: Connector) -> str:
    return re.sub(r"[^a-z0-9 -]", "", connector.form.name.lower()).replace(" ", "-")
