"""A service that notes what it handled in a file, and has a bug for as long as another file is there."""

import sys
from pathlib import Path

from pydantic import BaseModel
from service_kit.broker import Subscriptions, build_broker
from service_kit.health import Health
from service_kit.service import build_service, serve
from service_kit.settings import HttpSettings
from service_kit.window import Window
from support.kafka import embedded_kafka


class Task(BaseModel):
    number: int


def handle(task: Task, folder: Path) -> None:
    if (folder / "bug").exists():
        raise KeyError("a bug")
    with (folder / "notes").open("a") as notes:
        notes.write(f"{task.number}\n")


def run(bootstrap: str, topic: str, folder: Path, port: int) -> None:
    settings, health = embedded_kafka(bootstrap), Health()
    broker = build_broker(settings, name="failing", health=health)
    on = Subscriptions(broker, settings, "failing")

    async def on_task(message: Task) -> None:
        handle(message, folder)

    on.windowed(Window(slots=100, commit_every_s=0.1, drain_s=2.0), {topic: Task.model_validate_json})(
        on_task
    )
    serve(build_service("failing", broker=broker, kafka=settings, health=health), HttpSettings(port=port))


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
