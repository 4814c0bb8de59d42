"""The keys of a vault on one machine: made when it is new, kept in a file, used whenever it is sealed."""

import json
from pathlib import Path

import hvac

from sandbox.embedded.errors import EmbeddedError
from sandbox.embedded.private import write_private


def unseal(client: hvac.Client, file: Path) -> str:
    """Initialise a new vault, unseal a sealed one; its root token."""
    keys = _keys(client, file)
    if client.sys.is_sealed():
        client.sys.submit_unseal_key(keys["unseal_key"])
    return keys["root_token"]


def _keys(client: hvac.Client, file: Path) -> dict[str, str]:
    if file.exists():
        keys: dict[str, str] = json.loads(file.read_text())
        return keys
    if client.sys.is_initialized():
        raise EmbeddedError(f"The vault has data, but its keys are gone: {file}.")
    answer = client.sys.initialize(secret_shares=1, secret_threshold=1)
    keys = {"unseal_key": answer["keys"][0], "root_token": answer["root_token"]}
    write_private(file, json.dumps(keys))
    return keys
