"""A cluster that issues tokens of service accounts, and answers a vault that asks whether one is good."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NAMESPACE = "books"
ISSUER = "https://cluster.example"


class Cluster:
    """Signs with a key of its own, as an API server does."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def token(self, account: str, *, namespace: str = NAMESPACE, audience: str = "ledgerbus-vault") -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": f"system:serviceaccount:{namespace}:{account}",
            "aud": [audience],
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "kubernetes.io": {
                "namespace": namespace,
                "serviceaccount": {"name": account, "uid": str(uuid4())},
            },
        }
        return jwt.encode(claims, self._key, algorithm="ES256")

    def project(self, file: Path, account: str) -> Path:
        """A token as kubelet leaves it in a container."""
        file.write_text(self.token(account))
        return file

    def review(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What the API server answers to a TokenReview."""
        try:
            claims = jwt.decode(
                asked["spec"]["token"],
                self._key.public_key(),
                algorithms=["ES256"],
                audience=asked["spec"]["audiences"],
            )
        except jwt.InvalidTokenError as error:
            return asked | {"status": {"authenticated": False, "error": str(error)}}
        uid = claims["kubernetes.io"]["serviceaccount"]["uid"]
        user = {"username": claims["sub"], "uid": uid, "groups": ["system:serviceaccounts"]}
        return asked | {"status": {"authenticated": True, "user": user, "audiences": claims["aud"]}}


@contextmanager
def api_server(cluster: Cluster) -> Iterator[str]:
    """Its address, for as long as the block lasts."""

    class Reviews(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(cluster.review(asked)).encode()
            self.send_response(201)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Reviews)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
