"""The command `ledgerbus` inside the test's process."""

import json
from dataclasses import dataclass
from typing import Any

from ledgerbus_cli.main import app
from typer.testing import CliRunner


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


def ledgerbus(*arguments: object, typed: str | None = None) -> Answer:
    """Run a command; faults of ours are raised, not reported."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=typed)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)
