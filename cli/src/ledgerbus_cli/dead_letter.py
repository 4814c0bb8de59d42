"""A parked message: where it stands, why, and what of it goes out again."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from aiokafka import ConsumerRecord
from pydantic import TypeAdapter, ValidationError
from sync_contracts.dead_letters import PREFIX, DeadLetterHeader
from sync_contracts.ids import PlatformId

DEAD = ".dead"
_COMPANY: TypeAdapter[str] = TypeAdapter(PlatformId)
Headers = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a message stands; written as TOPIC/PARTITION/OFFSET."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """ValueError where the text is no place."""
        topic, partition, offset = text.split("/")
        if not (topic and partition.isdecimal() and offset.isdecimal()):
            raise ValueError("a place is TOPIC/PARTITION/OFFSET")
        return cls(topic, int(partition), int(offset))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """What is told of a parked message; its body stays in the broker."""

    place: Place
    origin: Place
    parked_at: datetime
    error: str
    detail: str
    service: str
    company_id: str | None
    replay_of: str | None
    left_out_bytes: int | None
    replayed_at: datetime | None = None

    @classmethod
    def of(cls, record: ConsumerRecord[Any, Any]) -> Self:
        """From the record on a `.dead` topic, whoever wrote it."""
        told = readable(record.headers)
        place = Place(record.topic, record.partition, record.offset)
        left_out = told.get(DeadLetterHeader.LEFT_OUT, "")
        return cls(
            place=place,
            origin=_origin(place, told),
            parked_at=instant(record),
            error=told.get(DeadLetterHeader.ERROR, ""),
            detail=told.get(DeadLetterHeader.DETAIL, ""),
            service=told.get(DeadLetterHeader.SERVICE, ""),
            company_id=_company(record.value),
            replay_of=told.get(DeadLetterHeader.REPLAY_OF),
            left_out_bytes=int(left_out) if left_out.isdecimal() else None,
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "place": str(self.place),
            "origin": str(self.origin),
            "parked_at": self.parked_at.isoformat(),
            "error": self.error,
            "detail": self.detail,
            "service": self.service or None,
            "company_id": self.company_id,
            "replay_of": self.replay_of,
            "left_out_bytes": self.left_out_bytes,
            "replayed_at": self.replayed_at and self.replayed_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class ReplayNote:
    """Says on the `.dead` topic itself that a letter was replayed."""

    place: str
    replayed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which letters are meant; what is not given leaves nothing out."""

    since: datetime | None = None
    until: datetime | None = None
    error: str | None = None
    company_id: str | None = None

    def fits(self, letter: DeadLetter) -> bool:
        return (
            (self.since is None or letter.parked_at >= self.since)
            and (self.until is None or letter.parked_at < self.until)
            and (self.error is None or letter.error.casefold() == self.error.casefold())
            and (self.company_id is None or letter.company_id == self.company_id)
        )


def read(record: ConsumerRecord[Any, Any]) -> DeadLetter | ReplayNote:
    """What a record on a `.dead` topic is."""
    told = readable(record.headers)
    if DeadLetterHeader.REPLAYED in told:
        return ReplayNote(told[DeadLetterHeader.REPLAYED], instant(record))
    return DeadLetter.of(record)


def with_replays(found: Iterable[DeadLetter | ReplayNote]) -> list[DeadLetter]:
    """The letters, the oldest first, each with its last replay.

    The same message may be parked twice; a replay counts for all its copies that stood there by then.
    """
    everything = list(found)
    letters = [each for each in everything if isinstance(each, DeadLetter)]
    origins = {str(letter.place): letter.origin for letter in letters}
    replays: dict[Place, datetime] = {}
    for note in everything:
        if isinstance(note, ReplayNote) and (origin := origins.get(note.place)):
            replays[origin] = max(note.replayed_at, replays.get(origin, note.replayed_at))
    marked = [_marked(letter, replays.get(letter.origin)) for letter in letters]
    return sorted(marked, key=lambda letter: (letter.parked_at, letter.place))


def to_replay(letters: Iterable[DeadLetter]) -> list[DeadLetter]:
    """Those that were not replayed and can be, each message once, the oldest first."""
    chosen: dict[Place, DeadLetter] = {}
    for letter in letters:
        if letter.replayed_at is None and letter.left_out_bytes is None:
            chosen.setdefault(letter.origin, letter)
    return list(chosen.values())


def headers_of_replay(headers: Headers, place: Place) -> list[tuple[str, bytes]]:
    """The message's own headers, and where it was replayed from."""
    own = [(name, value or b"") for name, value in headers if not name.startswith(PREFIX)]
    return [*own, (DeadLetterHeader.REPLAY_OF.value, str(place).encode())]


def readable(headers: Headers) -> dict[str, str]:
    return {name: (value or b"").decode("utf-8", "replace") for name, value in headers}


def instant(record: ConsumerRecord[Any, Any]) -> datetime:
    """When a record was written."""
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)


def _marked(letter: DeadLetter, replayed_at: datetime | None) -> DeadLetter:
    if replayed_at is None or replayed_at < letter.parked_at:
        return letter
    return replace(letter, replayed_at=replayed_at)


def _origin(place: Place, told: dict[str, str]) -> Place:
    """Where the message stood on its own topic; the letter's own place where nobody says."""
    partition, offset = told.get(DeadLetterHeader.PARTITION, ""), told.get(DeadLetterHeader.OFFSET, "")
    if not (partition.isdecimal() and offset.isdecimal()):
        return place
    return Place(place.topic.removesuffix(DEAD), int(partition), int(offset))


def _company(body: bytes | None) -> str | None:
    """The firm a message speaks of, where it can be read at all."""
    try:
        return _COMPANY.validate_python(json.loads(body or b"")["meta"]["company_id"])
    except (ValueError, KeyError, TypeError, RecursionError, ValidationError):
        return None
