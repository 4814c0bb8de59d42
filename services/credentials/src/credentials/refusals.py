"""Why a request is refused, each with its stable code."""

from service_kit.problems import ProblemError
from sync_contracts.codes import ProblemCode, RefusalCode, sentence

RETRY_AFTER_S = 5


class ConnectionNotFoundError(ProblemError):
    """The company has no such connection."""

    def __init__(self) -> None:
        super().__init__(404, "CONNECTION_NOT_FOUND", "The company has no such connection.")


class ConnectionBusyError(ProblemError):
    """Another change of it has not finished."""

    def __init__(self) -> None:
        super().__init__(
            409,
            "CONNECTION_BUSY",
            "Another save or delete of this connection is under way; try again in a minute.",
            retry_after_s=RETRY_AFTER_S,
        )


class GenerationOldError(ProblemError):
    """The connection has been saved or deleted since."""

    def __init__(self) -> None:
        super().__init__(409, "GENERATION_OLD", "The connection has been saved again since; ask anew.")


class NotReadableError(ProblemError):
    """The provider refuses the connection until somebody acts; `cause` is the true reason."""

    def __init__(self, code: ProblemCode, cause: str) -> None:
        super().__init__(409, code.value, f"{sentence(code)} {cause}".strip())
        self.problem = code
        self.cause = cause


class ProviderDownError(ProblemError):
    """The provider does not answer, or its limit is used up."""

    def __init__(self, retry_after_s: float = RETRY_AFTER_S) -> None:
        seconds = max(1, round(retry_after_s))
        super().__init__(
            503, ProblemCode.PROVIDER_DOWN.value, sentence(ProblemCode.PROVIDER_DOWN), retry_after_s=seconds
        )


class StillRefreshingError(ProblemError):
    """Another request is renewing the access and has not finished in time."""

    def __init__(self) -> None:
        super().__init__(
            503,
            "SERVICE_DOWN",
            "The access is being renewed; try again shortly.",
            retry_after_s=RETRY_AFTER_S,
        )


class InvalidRequestError(ProblemError):
    """Named fields do not fit; their values are never quoted."""

    def __init__(self, detail: str, *fields: str) -> None:
        super().__init__(422, RefusalCode.INVALID_REQUEST.value, detail, fields=fields)


class ConsentNotFoundError(ProblemError):
    """The company has no such consent."""

    def __init__(self) -> None:
        super().__init__(404, "CONSENT_NOT_FOUND", "The company has no such consent; start a new one.")


class ConsentStateError(ProblemError):
    """The link was made up, used before, or its time is over."""

    def __init__(self) -> None:
        super().__init__(
            400, "CONSENT_STATE_INVALID", "This consent was used before or has expired; start a new one."
        )
