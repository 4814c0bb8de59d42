"""Credentials in a JSON file, so that no secret stands on a command line or in a shell's history."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from ledgerbus_cli.problems import BadUsageError

Fields = dict[str, str]


def read_fields(file: Path) -> Fields:
    """The fields of a form, and tokens where the provider works with them; BadUsageError quotes no value."""
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadUsageError(f"{file} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise BadUsageError(f"{file} is not JSON.") from None
    if not isinstance(given, dict):
        raise BadUsageError(f"{file} holds no JSON object with the credential form's fields.")
    wrong = [name for name, value in given.items() if not isinstance(value, str | int | None)]
    if wrong:
        raise BadUsageError(f"In {file} these fields are not text: {', '.join(wrong)}.")
    return {name: str(value) for name, value in given.items() if value is not None}


def write_private(file: Path, fields: Mapping[str, str]) -> None:
    """All at once, readable by its owner only."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(dict(fields), out, indent=2)
        out.write("\n")
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(file)
