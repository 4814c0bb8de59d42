"""Why a request about webhooks is refused, each with its stable code."""

from service_kit.problems import ProblemError

from notifier.endpoint import MAX_PER_COMPANY


class WebhookNotFoundError(ProblemError):
    """The company has no such endpoint."""

    def __init__(self) -> None:
        super().__init__(404, "WEBHOOK_NOT_FOUND", "The company has no such webhook.")


class WebhookUrlRefusedError(ProblemError):
    """Nothing may be delivered to the address."""

    def __init__(self, why: str) -> None:
        super().__init__(422, "WEBHOOK_URL_REFUSED", why, fields=("url",))


class TooManyWebhooksError(ProblemError):
    """The company has as many as it may have."""

    def __init__(self) -> None:
        super().__init__(409, "WEBHOOKS_TOO_MANY", f"A company has at most {MAX_PER_COMPANY} webhooks.")


class WebhookBusyError(ProblemError):
    """Others keep changing it."""

    def __init__(self) -> None:
        super().__init__(
            409, "WEBHOOK_BUSY", "The webhook is being changed by others; try again.", retry_after_s=1
        )


class WebhookOffError(ProblemError):
    """A disabled endpoint gets nothing."""

    def __init__(self) -> None:
        super().__init__(409, "WEBHOOK_DISABLED", "The webhook is disabled; enable it first.")
