"""A program that handles numbers through a window and notes each start and end in a file."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from pydantic import BaseModel
from service_kit.broker import Subscriptions, build_broker
from service_kit.health import Health
from service_kit.settings import KafkaSettings
from service_kit.window import Window


class Task(BaseModel):
    """A piece of work that takes some time."""

    number: int
    lasts_s: float


async def work(settings: KafkaSettings, topic: str, slots: int, notes: Path) -> None:
    broker = build_broker(settings, name="windowed-worker", health=Health())
    window = Window(slots=slots, commit_every_s=0.2, revoke_grace_s=3.0, drain_s=10.0)
    file = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    @Subscriptions(broker, settings, "worker").windowed(window, {topic: Task.model_validate_json})
    async def on_task(message: Task) -> None:
        os.write(file, f"started {message.number}\n".encode())
        await asyncio.sleep(message.lasts_s)
        os.write(file, f"done {message.number}\n".encode())

    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await broker.start()
    await stopped.wait()
    await broker.stop()


if __name__ == "__main__":
    settings = KafkaSettings.model_validate_json(sys.argv[1])
    asyncio.run(work(settings, sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])))
