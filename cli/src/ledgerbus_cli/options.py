"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer
from sandbox.embedded import BrokerKind, EmbeddedError, chosen_broker
from sync_contracts.month import Month
from sync_contracts.providers import Provider

DATA = Path(".ledgerbus")


def month_of(text: str) -> Month:
    """A month from the command line; a sentence tells what one looks like."""
    try:
        return Month.parse(text)
    except ValueError:
        raise typer.BadParameter("a month is YYYY-MM, such as 2026-04") from None


def endpoint_of(text: str) -> tuple[str, str]:
    """NAME=URL."""
    name, equals, url = text.partition("=")
    if not (name and equals and url):
        raise typer.BadParameter(
            "an endpoint is NAME=URL, such as ee=http://127.0.0.1:8700/merit-aktiva/ee/api"
        )
    return name, url


def broker_of(*, kafka: bool) -> BrokerKind:
    """What the option says, else what LEDGERBUS_BROKER says."""
    try:
        return BrokerKind.KAFKA if kafka else chosen_broker()
    except EmbeddedError as error:
        raise typer.BadParameter(str(error)) from None


AsJson = Annotated[bool, typer.Option("--json", help="For machines: JSON on stdout.")]
CredentialsFile = Annotated[
    Path | None,
    typer.Option(
        "--credentials", metavar="FILE", help="JSON with the credential form's fields; else asked for."
    ),
]
ProviderName = Annotated[
    Provider, typer.Argument(metavar="PROVIDER", help=f"One of {', '.join(Provider)}.", show_default=False)
]
ClientName = Annotated[str, typer.Argument(metavar="CLIENT", help="The platform's id of the client.")]
OneMonth = Annotated[Month, typer.Argument(metavar="YYYY-MM", parser=month_of)]
DataFolder = Annotated[
    Path, typer.Option("--data", metavar="FOLDER", help="Where the system keeps its data.")
]
Seed = Annotated[int, typer.Option(help="Same seed, same books.")]
Clients = Annotated[int, typer.Option(min=1, help="Books of each accounting system.")]
Documents = Annotated[int, typer.Option(min=0, help="About so many documents in each month.")]
OnKafka = Annotated[
    bool, typer.Option("--kafka", help="Apache Kafka as the broker: needs Java 17, Maven and a checkout.")
]
