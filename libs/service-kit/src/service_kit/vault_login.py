"""What is sent to Vault in order to sign in; read anew each time, for tokens and secret-ids rotate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from service_kit.settings import VaultSettings


@dataclass(frozen=True, slots=True)
class Login:
    """One call: a path below `/v1/`, and its body, which is secret."""

    path: str
    body: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Login({self.path})"


def login(settings: VaultSettings) -> Login:
    """The call for the chosen way; reads a file, OSError where it cannot."""
    return Login(f"auth/{settings.auth_mount or settings.auth}/login", _BODIES[settings.auth](settings))


def _approle(settings: VaultSettings) -> Mapping[str, str]:
    return {"role_id": settings.role_id or "", "secret_id": _read(settings.secret_id_file)}


def _token(settings: VaultSettings) -> Mapping[str, str]:
    return {"role": settings.role or "", "jwt": _read(settings.token_file)}


_BODIES: Mapping[str, Callable[[VaultSettings], Mapping[str, str]]] = {
    "approle": _approle,
    "jwt": _token,
    "kubernetes": _token,
}


def _read(file: Path | None) -> str:
    return file.read_text().strip() if file else ""
