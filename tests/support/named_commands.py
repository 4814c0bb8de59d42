"""Commands that pages name in backticks or show in blocks: do they exist, with these options?"""

import re
from collections.abc import Iterator
from typing import Any

import typer
from ledgerbus_cli.main import app


def named_in(text: str) -> Iterator[str]:
    """Each `ledgerbus …` of a page, without what a shell adds; COMMAND stands for any."""
    yield from (line for line in _shown_in(text) if " COMMAND" not in line)


def _shown_in(text: str) -> Iterator[str]:
    for quoted in re.findall(r"`(ledgerbus\s[^`]+)`", text):
        yield " ".join(quoted.split())
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        joined = block.replace("\\\n", " ")
        yield from re.findall(r"^ *(?:\w+=\S+ )*(?:\.venv/bin/)?(ledgerbus [^#|\n]*)", joined, re.MULTILINE)


def follow(line: str) -> None:
    """From group to command; then each option is one of the command's."""
    words = line.split()
    command: Any = typer.main.get_command(app)
    rest = words[1:]
    while rest and hasattr(command, "commands") and not rest[0].startswith("--"):
        assert rest[0] in command.commands, line
        command, rest = command.commands[rest[0]], rest[1:]
    options = {"--help", *(name for parameter in command.params for name in parameter.opts)}
    assert {word.strip("[]") for word in rest if word.startswith(("--", "[--"))} <= options, line
