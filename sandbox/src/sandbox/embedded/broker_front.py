"""Runs Tansu behind itself for topics and groups, and keeps the messages.

Run as `python -m sandbox.embedded.broker_front PORT OWN_PORT PROGRAM ARGUMENT...`; the program listens on its
own port. Tansu would walk through all batches of a partition for each fetch, and wakes none that waits.
"""

import asyncio
import signal
import sys
from asyncio import StreamReader, StreamWriter
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing, suppress
from struct import Struct

import uvloop

from sandbox.embedded.kafka_frames import (
    READ,
    Code,
    Fetch,
    Found,
    Kind,
    ListOffsets,
    Place,
    Produce,
    deleted_topics,
    kind_of,
    offering_only_what_is_read,
    partitions_in,
    partitions_request,
)
from sandbox.embedded.partition_log import FIRST_OFFSET, PartitionLog, is_batch
from sandbox.embedded.ports import HOST
from sandbox.embedded.process import launched

_SIZE = Struct(">i")
_BUFFER_BYTES = 1024 * 1024
_LOOK_S = 0.02
_NONE = -1  # a time or an offset that is not there
_END, _FIRST = -1, -2  # asked for instead of a time


class Bells:
    """Who waits for a message, by its place."""

    def __init__(self) -> None:
        self._waiting: defaultdict[Place, set[asyncio.Event]] = defaultdict(set)

    def hang(self, bell: asyncio.Event, places: Iterable[Place]) -> None:
        for place in places:
            self._waiting[place].add(bell)

    def take_down(self, bell: asyncio.Event, places: Iterable[Place]) -> None:
        for place in places:
            self._waiting[place].discard(bell)

    def ring(self, place: Place) -> None:
        for bell in self._waiting[place]:
            bell.set()


class Wire:
    """Frames to one side and back."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def receive(self) -> bytes:
        (size,) = _SIZE.unpack(await self._reader.readexactly(_SIZE.size))
        return await self._reader.readexactly(size)

    async def send(self, frame: bytes) -> None:
        self._writer.writelines((_SIZE.pack(len(frame)), frame))
        await self._writer.drain()

    async def ask(self, request: bytes) -> bytes:
        await self.send(request)
        return await self.receive()

    def close(self) -> None:
        self._writer.close()


class Logs:
    """The messages of all partitions; which there are is Tansu's to say, and remembered."""

    def __init__(self) -> None:
        self._of: dict[bytes, list[PartitionLog]] = {}

    async def find(self, place: Place, broker: Wire) -> PartitionLog | None:
        topic, number = place
        logs = self._of.get(topic)
        if logs is None:
            count = partitions_in(await broker.ask(partitions_request(topic)))
            made = [PartitionLog() for _ in range(count)]
            logs = self._of.setdefault(topic, made) if made else made
        return logs[number] if 0 <= number < len(logs) else None

    def forget(self, topics: Iterable[bytes]) -> None:
        for topic in topics:
            self._of.pop(topic, None)


class Connection:
    """A client's requests, one after the other, until either side ends."""

    def __init__(self, client: Wire, broker: Wire, logs: Logs, bells: Bells) -> None:
        self._client = client
        self._broker = broker
        self._logs = logs
        self._bells = bells

    async def serve(self) -> None:
        while True:
            request = await self._client.receive()
            if (answer := await self._answer(request)) is not None:
                await self._client.send(answer)

    async def _answer(self, request: bytes) -> bytes | None:
        kind, version = kind_of(request)
        if version not in READ.get(kind, (version,)):
            raise UnreadError
        match kind:
            case Kind.PRODUCE:
                return await self._produced(Produce(request))
            case Kind.FETCH:
                return await self._fetched(Fetch(request))
            case Kind.LIST_OFFSETS:
                return await self._listed(ListOffsets(request))
        answer = await self._broker.ask(request)
        match kind:
            case Kind.API_VERSIONS:
                return offering_only_what_is_read(answer, version)
            case Kind.DELETE_TOPICS:
                self._logs.forget(deleted_topics(request))
        return answer

    async def _produced(self, produce: Produce) -> bytes | None:
        outcomes = {place: await self._appended(place, batch) for place, batch in produce.batches.items()}
        return produce.answer(outcomes) if produce.is_answered else None

    async def _appended(self, place: Place, batch: bytes) -> tuple[Code, int]:
        log = await self._logs.find(place, self._broker)
        if log is None:
            return Code.UNKNOWN_TOPIC_OR_PARTITION, _NONE
        if not is_batch(batch):
            return Code.CORRUPT_MESSAGE, _NONE
        offset = log.append(batch)
        self._bells.ring(place)
        return Code.NONE, offset

    async def _fetched(self, fetch: Fetch) -> bytes:
        loop, bell = asyncio.get_running_loop(), asyncio.Event()
        until_s = loop.time() + fetch.wait_s
        self._bells.hang(bell, fetch.wanted)
        try:
            while True:
                bell.clear()
                found = await self._found(fetch)
                left_s = until_s - loop.time()
                if left_s <= 0 or _is_enough(found.values(), fetch.fewest_bytes):
                    return fetch.answer(found)
                with suppress(TimeoutError):
                    await asyncio.wait_for(bell.wait(), left_s)
        finally:
            self._bells.take_down(bell, fetch.wanted)

    async def _found(self, fetch: Fetch) -> dict[Place, Found]:
        found: dict[Place, Found] = {}
        left_bytes = fetch.most_bytes
        for place, (offset, most_bytes) in fetch.wanted.items():
            log = await self._logs.find(place, self._broker)
            if log is None:
                found[place] = Found(_NONE, code=Code.UNKNOWN_TOPIC_OR_PARTITION)
            elif not FIRST_OFFSET <= offset <= log.end:
                found[place] = Found(_NONE, code=Code.OFFSET_OUT_OF_RANGE)
            else:
                batches = log.read(offset, min(most_bytes, left_bytes)) if left_bytes > 0 else b""
                found[place] = Found(log.end, batches)
                left_bytes -= len(batches)
        return found

    async def _listed(self, asked: ListOffsets) -> bytes:
        return asked.answer({place: await self._since(place, time) for place, time in asked.wanted.items()})

    async def _since(self, place: Place, time_ms: int) -> tuple[Code, int, int]:
        log = await self._logs.find(place, self._broker)
        if log is None:
            return Code.UNKNOWN_TOPIC_OR_PARTITION, _NONE, _NONE
        if time_ms == _END:
            return Code.NONE, _NONE, log.end
        if time_ms == _FIRST:
            return Code.NONE, _NONE, FIRST_OFFSET
        return Code.NONE, *(log.since(time_ms) or (_NONE, _NONE))


class UnreadError(Exception):
    """A version that was not offered: the connection ends, as in Kafka."""


def _is_enough(found: Iterable[Found], fewest_bytes: int) -> bool:
    size = 0
    for one in found:
        if one.code:
            return True
        size += len(one.batches)
    return size >= fewest_bytes


async def serve(port: int, broker_port: int, command: list[str]) -> int:
    """Until the program ends; its exit code."""
    program = await asyncio.create_subprocess_exec(*launched(command))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, program.terminate)
    while not await _listens(broker_port):
        if program.returncode is not None:
            return program.returncode
        await asyncio.sleep(_LOOK_S)
    logs, bells = Logs(), Bells()

    async def connected(reader: StreamReader, writer: StreamWriter) -> None:
        with (
            suppress(OSError, asyncio.IncompleteReadError, UnreadError),
            closing(Wire(reader, writer)) as client,
        ):
            opened = await asyncio.open_connection(HOST, broker_port, limit=_BUFFER_BYTES)
            with closing(Wire(*opened)) as broker:
                await Connection(client, broker, logs, bells).serve()

    listening = await asyncio.start_server(connected, HOST, port, limit=_BUFFER_BYTES)
    ended = await program.wait()
    listening.close()
    return ended


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


def main() -> None:
    port, broker_port, *command = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(serve(int(port), int(broker_port), command)))


if __name__ == "__main__":
    main()
