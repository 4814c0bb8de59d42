"""What the service signs for itself: proofs of a test, states and secrets of consents."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import jwt
from connectors.protocol import Credentials, Grant
from pydantic import ValidationError
from sync_contracts.jobs import Books
from sync_contracts.providers import Provider

from credentials.ports import SigningKey

TEST_LIFE = timedelta(minutes=15)
_ALGORITHM = "HS256"


class SignatureError(Exception):
    """Made up, altered, for something else, or too old."""


@dataclass(frozen=True, slots=True)
class TestedInput:
    """What a test is a proof of: this input, entered at this company."""

    __test__ = False

    company_id: str
    provider: Provider
    credentials: Credentials


class Signatures:
    """Everything is derived from one key that every process reads from Vault."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    async def proof_of_test(self, tested: TestedInput, books: Books, *, now: datetime) -> str:
        """A token that a save of the same input may present for 15 minutes."""
        key = await self._derived("test")
        claims = {
            "input": _digest(key, tested),
            "books": books.model_dump(mode="json"),
            "exp": int((now + TEST_LIFE).timestamp()),
        }
        return jwt.encode(claims, key, algorithm=_ALGORITHM)

    async def books_of_test(self, token: str, tested: TestedInput, *, now: datetime) -> Books:
        """Whose books the test found; SignatureError unless it proves a recent test of this input."""
        key = await self._derived("test")
        try:
            claims = jwt.decode(token, key, algorithms=[_ALGORITHM], options={"verify_exp": False})
            books = Books.model_validate(claims["books"])
            is_fresh = now.timestamp() < float(claims["exp"])
        except (jwt.InvalidTokenError, ValidationError, KeyError, TypeError, ValueError):
            raise SignatureError from None
        if not is_fresh or not hmac.compare_digest(str(claims.get("input")), _digest(key, tested)):
            raise SignatureError
        return books

    async def state_of(self, consent_id: UUID) -> str:
        """What travels through the browser and the provider."""
        return f"{consent_id}.{_text(await self._mac('state', consent_id))}"

    async def consent_of(self, state: str) -> UUID:
        """The consent that a returning state names; SignatureError when we did not sign it."""
        try:
            consent_id = UUID(state.partition(".")[0])
        except ValueError:
            raise SignatureError from None
        if not hmac.compare_digest(state.encode(), (await self.state_of(consent_id)).encode()):
            raise SignatureError
        return consent_id

    async def code_verifier(self, consent_id: UUID) -> str:
        """The PKCE secret of a consent; derived, so that it is stored nowhere."""
        return _text(await self._mac("pkce", consent_id))

    async def name_of_keys(self, whose: str, grant: Grant) -> str:
        """A name for entered keys that does not tell them; other keys have another name."""
        key = await self._derived("keys")
        entered = json.dumps([whose, dict(grant.values)], sort_keys=True)
        return f"{whose}/{hmac.new(key, entered.encode(), 'sha256').hexdigest()[:32]}"

    async def _mac(self, purpose: str, consent_id: UUID) -> bytes:
        return hmac.digest(await self._derived(purpose), consent_id.bytes, "sha256")

    async def _derived(self, purpose: str) -> bytes:
        return hmac.digest(await self._key(), purpose.encode(), "sha256")


def _digest(key: bytes, tested: TestedInput) -> str:
    entered: Mapping[str, object] = {
        "company": tested.company_id,
        "provider": tested.provider.value,
        "grant": dict(tested.credentials.grant.values),
        "settings": dict(tested.credentials.settings),
    }
    return hmac.new(key, json.dumps(entered, sort_keys=True).encode(), "sha256").hexdigest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
