"""`ledgerbus dead-letters list`, `show`, `replay`: messages that could not be read or handled."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from sync_contracts.topics import EVENTS, dead_letter_topic

from ledgerbus_cli.addresses import Addresses
from ledgerbus_cli.dead_letter import DEAD, DeadLetter, Place, Selection, to_replay
from ledgerbus_cli.dead_letter_topics import DeadLetterTopics, dead_letter_topics
from ledgerbus_cli.dead_letter_views import letter_json, letter_view, letters_table
from ledgerbus_cli.instants import instant_of
from ledgerbus_cli.options import DATA, AsJson
from ledgerbus_cli.output import Output
from ledgerbus_cli.problems import BadUsageError, LedgerbusError

T = TypeVar("T")
Kafka = Annotated[
    str | None,
    typer.Option(
        "--kafka", envvar="LEDGERBUS_KAFKA", metavar="HOST:PORT", help="The broker; else that of --data."
    ),
]
Data = Annotated[
    Path, typer.Option(envvar="LEDGERBUS_DATA", metavar="FOLDER", help="Data of the running system.")
]
TopicName = Annotated[
    str | None,
    typer.Option(
        "--topic", metavar="TOPIC", help="Of one topic, such as job.counted.v1.", show_default=False
    ),
]
Since = Annotated[
    datetime | None,
    typer.Option(metavar="TIME", parser=instant_of, help="Parked then or later: a time, or 2h, 7d ago."),
]
Until = Annotated[
    datetime | None,
    typer.Option(metavar="TIME", parser=instant_of, help="Parked before: a time, or 2h, 7d ago."),
]
ErrorName = Annotated[
    str | None, typer.Option("--error", metavar="TYPE", help="With this error, such as KeyError.")
]
CompanyName = Annotated[
    str | None, typer.Option("--company", metavar="COMPANY", help="Of one firm, where that can be read.")
]
PlaceName = Annotated[
    str, typer.Argument(metavar="TOPIC/PARTITION/OFFSET", help="As `list` names it.", show_default=False)
]

app = typer.Typer(no_args_is_help=True, help="Messages that could not be read or handled: look, replay.")


class NoSuchLetterError(LedgerbusError):
    """Nothing is parked there."""

    code = "NO_SUCH_DEAD_LETTER"


class BodyLeftOutError(LedgerbusError):
    """Only the reason was parked."""

    code = "BODY_LEFT_OUT"


@app.command("list")
def list_letters(
    *,
    topic: TopicName = None,
    since: Since = None,
    until: Until = None,
    error: ErrorName = None,
    company: CompanyName = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what was not replayed yet.")] = False,
    kafka: Kafka = None,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """What is parked, why, whose it is, and when it was replayed."""
    selection = Selection(since=since, until=until, error=error, company_id=company)
    found = _at_broker(kafka, data, lambda topics: topics.letters(_topics(topic)))
    chosen = [one for one in found if selection.fits(one) and not (waiting and one.replayed_at)]
    Output(as_json).show([letter.as_json() for letter in chosen], letters_table(chosen))


@app.command()
def show(
    *,
    place: PlaceName,
    body: Annotated[
        bool, typer.Option("--body", help="The message itself too: a firm's data, but no secret.")
    ] = False,
    kafka: Kafka = None,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """One dead letter: its reason, headers and key, and if asked for its body."""
    wanted = _place(place)

    async def look(topics: DeadLetterTopics) -> None:
        letter = _at(await topics.letters([wanted.topic]), wanted)
        shown = letter_json(letter, await topics.record(wanted), with_body=body)
        Output(as_json).show(shown, letter_view(shown))

    _at_broker(kafka, data, look)


@app.command()
def replay(
    *,
    place: Annotated[
        str | None, typer.Argument(metavar="[TOPIC/PARTITION/OFFSET]", help="One; else those that fit.")
    ] = None,
    topic: TopicName = None,
    since: Since = None,
    until: Until = None,
    error: ErrorName = None,
    company: CompanyName = None,
    most: Annotated[
        int, typer.Option(min=1, max=10_000, help="No more than so many, the oldest first.")
    ] = 20,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    kafka: Kafka = None,
    data: Data = DATA,
    as_json: AsJson = False,
) -> None:
    """Send messages to their topics again, as they came; what was replayed already only by its place."""
    selection = Selection(since=since, until=until, error=error, company_id=company)
    if (place is None) == (topic is None and selection == Selection()):
        raise BadUsageError(
            "Name one place, or what is meant: --topic, --since, --until, --error, --company."
        )

    async def send(topics: DeadLetterTopics) -> None:
        if place is not None:
            chosen, left = [_whole(_at(await topics.letters([_place(place).topic]), _place(place)))], 0
        else:
            fitting = [one for one in await topics.letters(_topics(topic)) if selection.fits(one)]
            chosen, left = _bounded(to_replay(fitting), most)
            _confirm(chosen, yes=yes)
        await _replay(topics, chosen, Output(as_json), left)

    _at_broker(kafka, data, send)


async def _replay(topics: DeadLetterTopics, chosen: list[DeadLetter], output: Output, left: int) -> None:
    done: list[str] = []
    try:
        for letter in chosen:
            await topics.replay(letter)
            done.append(str(letter.place))
    except BaseException:
        output.remark(
            f"{len(done)} of {len(chosen)} were replayed; `ledgerbus dead-letters list` tells which."
        )
        raise
    told = f"{len(done)} replayed" + (f"; {left} more fit, which --most leaves for later." if left else ".")
    output.show({"replayed": done, "left": left}, told)


def _bounded(letters: list[DeadLetter], most: int) -> tuple[list[DeadLetter], int]:
    return letters[:most], max(0, len(letters) - most)


def _confirm(chosen: list[DeadLetter], *, yes: bool) -> None:
    if yes or not chosen:
        return
    if not sys.stdin.isatty():
        raise BadUsageError(f"{len(chosen)} messages would be replayed; --yes confirms it.")
    names = ", ".join(sorted({letter.place.topic.removesuffix(DEAD) for letter in chosen}))
    typer.confirm(f"Replay {len(chosen)} messages of {names}?", err=True, abort=True)


def _at(letters: Iterable[DeadLetter], place: Place) -> DeadLetter:
    for letter in letters:
        if letter.place == place:
            return letter
    raise NoSuchLetterError(
        f"No dead letter stands at {place}; `ledgerbus dead-letters list` tells what does."
    )


def _whole(letter: DeadLetter) -> DeadLetter:
    if letter.left_out_bytes is not None:
        raise BodyLeftOutError(
            f"Its body of {letter.left_out_bytes} bytes was too large to be parked; "
            f"it stands at {letter.origin}."
        )
    return letter


def _place(text: str) -> Place:
    with suppress(ValueError):
        place = Place.parse(text)
        if place.topic in _topics(None):
            return place
    raise BadUsageError(f"{text!r} is no place; one looks like job.counted.v1.dead/3/17.")


def _topics(named: str | None) -> list[str]:
    known = {event.topic: dead_letter_topic(event.topic) for event in EVENTS}
    if named is None:
        return list(known.values())
    try:
        return [known[named.removesuffix(DEAD)]]
    except KeyError:
        raise BadUsageError(f"There is no topic {named!r}; the topics are {', '.join(known)}.") from None


def _at_broker(kafka: str | None, data: Path, work: Callable[[DeadLetterTopics], Awaitable[T]]) -> T:
    async def connected() -> T:
        async with dead_letter_topics(kafka or _broker_of(data)) as topics:
            return await work(topics)

    return asyncio.run(connected())


def _broker_of(data: Path) -> str:
    try:
        return Addresses.read(data).kafka
    except FileNotFoundError:
        raise BadUsageError(
            f"No system runs on {data}; name its folder with --data, or its broker with --kafka."
        ) from None
