"""The use cases of webhooks, joined to each other."""

from dataclasses import dataclass

from service_kit.clock import Clock
from service_kit.health import Health
from service_kit.publishing import Publish

from notifier.deliver_due import DeliverDue, Pace
from notifier.deliver_webhook import DeliverWebhook
from notifier.destination import DestinationRules
from notifier.disable_webhook import DisableWebhook
from notifier.manage_webhooks import ManageWebhooks
from notifier.ports import (
    DeliveryStore,
    EndpointStore,
    EventStore,
    ResolveHost,
    SendWebhook,
    SigningKey,
)
from notifier.replay_deliveries import ReplayDeliveries
from notifier.retry_schedule import RetrySchedule
from notifier.tell_subscribers import TellSubscribers
from notifier.try_webhook import TryWebhook
from notifier.webhook_secrets import WebhookSecrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Everything that webhooks stand on."""

    endpoints: EndpointStore
    events: EventStore
    deliveries: DeliveryStore
    key: SigningKey
    send: SendWebhook
    resolve: ResolveHost
    publish: Publish
    clock: Clock
    health: Health


class Webhooks:
    """One of each."""

    def __init__(
        self,
        outside: Outside,
        *,
        rules: DestinationRules,
        pace: Pace | None = None,
        schedule: RetrySchedule | None = None,
    ) -> None:
        self.endpoints, self.deliveries, self.clock = outside.endpoints, outside.deliveries, outside.clock
        secrets = WebhookSecrets(outside.key)
        disable = DisableWebhook(
            endpoints=outside.endpoints,
            deliveries=outside.deliveries,
            publish=outside.publish,
            clock=outside.clock,
        )
        deliver = DeliverWebhook(
            endpoints=outside.endpoints,
            events=outside.events,
            deliveries=outside.deliveries,
            secrets=secrets,
            send=outside.send,
            disable=disable,
            clock=outside.clock,
            schedule=schedule or RetrySchedule(),
        )
        self.deliver_due = DeliverDue(
            deliveries=outside.deliveries,
            deliver=deliver,
            disable=disable,
            health=outside.health,
            clock=outside.clock,
            pace=pace or Pace(),
        )
        self.manage = ManageWebhooks(
            endpoints=outside.endpoints,
            deliveries=outside.deliveries,
            secrets=secrets,
            rules=rules,
            resolve=outside.resolve,
            clock=outside.clock,
        )
        self.tell = TellSubscribers(
            endpoints=outside.endpoints,
            events=outside.events,
            deliveries=outside.deliveries,
            clock=outside.clock,
            wake=self.deliver_due.wake,
        )
        self.replay = ReplayDeliveries(
            endpoints=outside.endpoints,
            events=outside.events,
            deliveries=outside.deliveries,
            clock=outside.clock,
            wake=self.deliver_due.wake,
        )
        self.try_webhook = TryWebhook(secrets=secrets, send=outside.send, clock=outside.clock)
