"""A receiver of webhooks: a real HTTP server on loopback that answers as it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Answering = Callable[[], web.StreamResponse]


@dataclass
class HookReceiver:
    """`answers` by path, the last one for ever; /hang never answers, /endless never ends its body."""

    url: str = ""
    answers: dict[str, list[Answering]] = field(default_factory=dict)
    received: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    def at(self, path: str) -> list[tuple[bytes, dict[str, str]]]:
        """What came to a path."""
        return [(body, headers) for where, body, headers in self.received if where == path]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.received.append((request.path, await request.read(), dict(request.headers)))
        if request.path == "/hang":
            await asyncio.Event().wait()
        if request.path == "/endless":
            return await _endless(request)
        told = self.answers.get(request.path, [])
        answer = told.pop(0) if len(told) > 1 else (told[0] if told else _fine)
        return answer()


def status(code: int, **headers: str) -> Answering:
    """Answers with a status, and headers whose underscores are dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: web.Response(status=code, headers=named)


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's certificate for `localhost` that no authority has signed."""
    key, now = generate_private_key(SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    file = folder / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context


def _fine() -> web.StreamResponse:
    return web.Response(status=204)


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 65_536)


@asynccontextmanager
async def hook_receiver(tls: ssl.SSLContext | None = None) -> AsyncIterator[HookReceiver]:
    """Listens for as long as the block lasts."""
    receiver = HookReceiver()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    receiver.url = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        await runner.cleanup()
