"""What reaches Vault, and what is made of its answers."""

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import hvac
import pytest
from hvac.exceptions import Forbidden
from service_kit.vault_session import VaultSession
from urllib3.exceptions import HTTPError


class FakeVault(ThreadingHTTPServer):
    """Answers as told, in order, and keeps what it was asked; without an answer it hangs up."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, dict[str, str], dict[str, Any]]] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeVault
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        if not self.server.answers:
            self.close_connection = True
            return
        status, headers, told = self.server.answers.pop(0)
        content = json.dumps(told).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_LIST = answer  # noqa: N815 (named by http.server)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    with FakeVault() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def client(vault: FakeVault) -> Iterator[hvac.Client]:
    session = VaultSession(ssl.create_default_context(), at_once=2)
    yield hvac.Client(url=vault.url, token="our-token", session=session, timeout=20)
    session.close()


def test_what_hvac_sends_arrives(vault: FakeVault, client: hvac.Client) -> None:
    vault.answers = [(200, {}, {"data": {"version": 1}}), (200, {}, {"data": {}}), (200, {}, {"data": {}})]

    client.secrets.kv.v2.create_or_update_secret("firm-1/a", {"name": "Põhjala"}, cas=0, mount_point="m")
    client.secrets.kv.v2.read_secret_version(
        "firm-1/a", version=3, mount_point="m", raise_on_deleted_version=True
    )
    client.secrets.kv.v2.list_secrets("firm-1", mount_point="m")

    assert [(method, path) for method, path, _, _ in vault.asked] == [
        ("POST", "/v1/m/data/firm-1/a"),
        ("GET", "/v1/m/data/firm-1/a?version=3"),
        ("LIST", "/v1/m/metadata/firm-1"),
    ]
    assert json.loads(vault.asked[0][3]) == {"options": {"cas": 0}, "data": {"name": "Põhjala"}}
    assert {headers["X-Vault-Token"] for _, _, headers, _ in vault.asked} == {"our-token"}


def test_a_server_of_the_same_vault_that_does_not_lead_names_the_one_that_does(
    vault: FakeVault, client: hvac.Client
) -> None:
    vault.answers = [
        (307, {"Location": f"{vault.url}/v1/m/data/firm-1/b"}, {}),
        (200, {}, {"data": {"data": {"key": "value"}}}),
    ]

    answer = client.secrets.kv.v2.read_secret_version(
        "firm-1/a", mount_point="m", raise_on_deleted_version=True
    )

    assert answer["data"]["data"] == {"key": "value"}
    assert vault.asked[1][2]["X-Vault-Token"] == "our-token"


def test_a_refusal_is_hvacs_own_error(vault: FakeVault, client: hvac.Client) -> None:
    vault.answers = [(403, {}, {"errors": ["permission denied"]})]

    with pytest.raises(Forbidden, match="permission denied"):
        client.auth.token.lookup_self()


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_has_no_answer_is_asked_once(vault: FakeVault, client: hvac.Client, method: str) -> None:
    """It may have been done, and whoever asked knows best whether to ask again."""
    with pytest.raises(HTTPError):
        getattr(client.adapter, method)("/v1/m/data/firm-1/a")

    assert len(vault.asked) == 1
