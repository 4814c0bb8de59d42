"""What a command says: JSON or text on stdout, remarks and errors on stderr."""

import json
from dataclasses import dataclass
from typing import Any

import typer
from rich.console import Console, RenderableType
from typer.core import TyperGroup

from ledgerbus_cli.problems import LedgerbusError

_WIDTH_IN_FILES = 160
_WIDEST = 1000  # a narrow terminal breaks the line, never a figure or an id
_JSON = "ledgerbus.json"
# Typer brings its own click and exports neither this error nor the type of a context.
_UsageError: type[Any] = typer.BadParameter.__mro__[1]


@dataclass(frozen=True, slots=True)
class Output:
    """Where one command writes to; `as_json` is for machines."""

    as_json: bool

    def show(self, value: Any, text: RenderableType) -> None:
        """The command's result, in one of its two forms."""
        if self.as_json:
            print(json.dumps(value, indent=2, ensure_ascii=False, default=str))
        else:
            console = _console(stderr=False)
            whole = console.measure(text, options=console.options.update(max_width=_WIDEST)).minimum
            console.width = max(console.width, whole)
            console.print(text)

    @property
    def remarks(self) -> Console:
        """For a person, beside the result."""
        return _console(stderr=True)

    def remark(self, text: str) -> None:
        self.remarks.print(text, markup=False, highlight=False, soft_wrap=True)


def _console(*, stderr: bool) -> Console:
    """As wide as the terminal; in a pipe or file, where nobody reads line by line, wide enough for tables."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=_WIDTH_IN_FILES)


class Commands(TyperGroup):
    """All commands; our errors become a sentence on stderr, with `--json` also JSON on stdout."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta[_JSON] = "--json" in args
        rest: list[str] = super().parse_args(ctx, args)
        return rest

    def invoke(self, ctx: Any) -> Any:
        output = Output(ctx.meta[_JSON])
        try:
            return super().invoke(ctx)
        except LedgerbusError as error:
            output.remark(f"ledgerbus: {error}")
            if output.as_json:
                print(json.dumps({**error.as_json(), "exit_code": error.exit_code}))
            raise typer.Exit(error.exit_code) from None
        except _UsageError as error:
            if output.as_json:
                told = {"error": "BAD_USAGE", "message": error.format_message(), "exit_code": error.exit_code}
                print(json.dumps(told))
            raise
