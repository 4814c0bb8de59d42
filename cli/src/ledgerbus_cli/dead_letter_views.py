"""How dead letters look; what a stranger may have written cannot act on the terminal."""

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from aiokafka import ConsumerRecord
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ledgerbus_cli.dead_letter import DeadLetter, readable
from ledgerbus_cli.tables import plain_table

_FIELDS = ("origin", "parked_at", "error", "detail", "service", "company_id", "replay_of", "replayed_at")


def letters_table(letters: Iterable[DeadLetter]) -> Table:
    table = plain_table("place", "parked", "error", "service", "company", "replayed", "notes")
    for one in letters:
        notes = one.detail if one.detail != one.error else ""
        if one.replay_of:
            notes = f"again, after a replay; {notes}".removesuffix("; ")
        cells = (str(one.place), _time(one.parked_at), one.error, one.service, one.company_id or "")
        table.add_row(*map(_plain, (*cells, _time(one.replayed_at), notes)))
    return table


def letter_json(letter: DeadLetter, record: ConsumerRecord[Any, Any], *, with_body: bool) -> dict[str, Any]:
    """All that is known of a letter; bytes that are no text are told in base64."""
    told = letter.as_json() | {
        "key": None if record.key is None else record.key.decode("utf-8", "replace"),
        "headers": readable(record.headers),
        "bytes": len(record.value or b""),
    }
    return told | (_body(record.value or b"") if with_body else {})


def letter_view(shown: dict[str, Any]) -> RenderableType:
    table = plain_table("what", "notes")
    table.add_row("place", _plain(shown["place"]))
    for name in _FIELDS:
        if shown[name]:
            table.add_row(name.replace("_", " ").removesuffix(" id"), _plain(shown[name]))
    table.add_row("key", _plain(shown["key"] or ""))
    table.add_row("bytes", str(shown["left_out_bytes"] or shown["bytes"]))
    for name, value in shown["headers"].items():
        table.add_row(_plain(f"header {name}"), _plain(value))
    parts: list[RenderableType] = [table]
    if "body" in shown:
        parts.append(_plain(shown["body"]))
    elif "body_base64" in shown:
        parts.append(Text(f"The body is no text; in base64: {shown['body_base64']}"))
    return Group(*parts)


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}


def _plain(text: str) -> Text:
    """Control characters are shown, not obeyed."""
    return Text(
        "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
    )


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""
