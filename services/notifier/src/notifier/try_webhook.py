"""Sends an endpoint a test event, once and at once; nothing is stored."""

import json
from dataclasses import dataclass
from uuid import uuid4

from service_kit.clock import Clock

from notifier.delivery import Answer
from notifier.endpoint import Endpoint
from notifier.ports import SendWebhook
from notifier.signing import signed_headers
from notifier.webhook_event import TEST_TYPE, written
from notifier.webhook_secrets import WebhookSecrets


@dataclass(frozen=True, slots=True, kw_only=True)
class TryWebhook:
    """Signed as every delivery is, without a number, whether or not the endpoint is enabled."""

    secrets: WebhookSecrets
    send: SendWebhook
    clock: Clock

    async def __call__(self, endpoint: Endpoint) -> Answer:
        now, event_id = self.clock.now(), uuid4()
        event = {
            "type": TEST_TYPE,
            "timestamp": written(now),
            "company_id": endpoint.company_id,
            "event_id": str(event_id),
            "data": {"endpoint_id": str(endpoint.endpoint_id)},
        }
        body = json.dumps(event).encode()
        secrets = await self.secrets.signing(endpoint, now)
        headers = signed_headers(f"msg_{event_id.hex}", body, secrets, now=now)
        return await self.send(endpoint.url, body, headers)
