"""docs/settings.md names exactly what a service does not start without."""

from importlib import import_module

import pytest
from pydantic import ValidationError
from settings_page import SERVICES, prefix_of, required_of

VALUES = {
    "HTTP__PORT": "8001",
    "USERS__JWKS_URL": "https://platform.example/jwks.json",
    "CREDENTIALS_URL": "http://credentials:8001",
    "PUBLIC_URL": "https://sync.example",
}


def start(service: str, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in required_of(service):
        monkeypatch.delenv(prefix_of(service) + name, raising=False)
    for name in names:
        monkeypatch.setenv(prefix_of(service) + name, VALUES.get(name, "any"))
    import_module(f"{service.replace('-', '_')}.settings").Settings()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_with_what_is_required(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start(service, required_of(service), monkeypatch)


@pytest.mark.parametrize(
    ("service", "name"), [(each, name) for each in SERVICES for name in required_of(each)]
)
def test_and_with_nothing_less(service: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError):
        start(service, [each for each in required_of(service) if each != name], monkeypatch)
