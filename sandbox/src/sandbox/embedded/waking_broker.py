"""Runs Tansu behind itself and answers a fetch that waits as soon as a message comes; Tansu wakes none.

Run as `python -m sandbox.embedded.waking_broker PORT OWN_PORT PROGRAM ARGUMENT...`, where the program listens
on its own port. Everything else passes as it is, one request of a connection at a time, as in Kafka.
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

from sandbox.embedded.kafka_frames import Fetch, Place, Produce, kind_of
from sandbox.embedded.ports import HOST
from sandbox.embedded.process import launched

_SIZE = Struct(">i")
_BUFFER_BYTES = 1024 * 1024
_LOOK_S = 0.02


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

    def ring(self, places: Iterable[Place]) -> None:
        for place in places:
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


async def pass_on(client: Wire, broker: Wire, bells: Bells) -> None:
    """Until either side ends."""
    while True:
        request = await client.receive()
        kind, version = kind_of(request)
        if Fetch.is_read(kind, version):
            await client.send(await _fetched(Fetch(request), broker, bells))
        elif Produce.is_read(kind, version):
            produce = Produce(request)
            if produce.is_answered:
                await client.send(await broker.ask(request))
            else:
                await broker.send(request)
            bells.ring(produce.places)
        else:
            await client.send(await broker.ask(request))


async def _fetched(fetch: Fetch, broker: Wire, bells: Bells) -> bytes:
    loop, bell = asyncio.get_running_loop(), asyncio.Event()
    until_s = loop.time() + fetch.wait_s
    bells.hang(bell, fetch.places)
    try:
        while True:
            bell.clear()
            answer = await broker.ask(fetch.at_once)
            left_s = until_s - loop.time()
            if left_s <= 0 or fetch.is_fulfilled_by(answer):
                return answer
            with suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), left_s)
    finally:
        bells.take_down(bell, fetch.places)


async def serve(port: int, broker_port: int, command: list[str]) -> int:
    """Until the program ends; its exit code."""
    program = await asyncio.create_subprocess_exec(*launched(command))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, program.terminate)
    while not await _listens(broker_port):
        if program.returncode is not None:
            return program.returncode
        await asyncio.sleep(_LOOK_S)
    bells = Bells()

    async def connected(reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError), closing(Wire(reader, writer)) as client:
            opened = await asyncio.open_connection(HOST, broker_port, limit=_BUFFER_BYTES)
            with closing(Wire(*opened)) as broker:
                await pass_on(client, broker, bells)

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
