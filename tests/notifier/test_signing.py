"""What we sign, a verifier off the shelf accepts."""

from datetime import UTC, datetime

import pytest
from notifier.signing import shown_secret, signed_headers
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

BODY = b'{"type": "sync.completed.v1", "data": {"client": "L\xc3\xa4\xc3\xa4ne"}}'
OLD, NEW = b"o" * 32, b"n" * 32


def headers(*secrets: bytes) -> dict[str, str]:
    return signed_headers("msg_1", BODY, secrets, now=datetime.now(UTC))


def test_the_verifier_accepts_a_delivery() -> None:
    assert Webhook(shown_secret(NEW)).verify(BODY, headers(NEW))["type"] == "sync.completed.v1"


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_both_secrets_are_accepted_during_a_rotation(secret: bytes) -> None:
    signed = headers(NEW, OLD)

    Webhook(shown_secret(secret)).verify(BODY, signed)

    assert [each[:3] for each in signed["webhook-signature"].split(" ")] == ["v1,", "v1,"]


def test_a_changed_body_id_or_time_and_another_secret_are_refused() -> None:
    verifier, signed = Webhook(shown_secret(NEW)), headers(NEW)
    later = {"webhook-timestamp": str(int(signed["webhook-timestamp"]) + 1)}

    for body, told in (
        (BODY + b" ", signed),
        (BODY, signed | {"webhook-id": "msg_2"}),
        (BODY, signed | later),
        (BODY, headers(OLD)),
    ):
        with pytest.raises(WebhookVerificationError):
            verifier.verify(body, told)
