"""Errors by what the pipeline does next, never by where they arose.

ServiceError
├─ TransientError          wait, then try again
│  └─ DependencyDownError  a server or sister service is out of reach: pause, never park
└─ PermanentError          trying again cannot help; `code` chooses the advice

Anything else that escapes a handler is a bug and goes to the dead-letter topic.
"""

import httpx
from aiokafka.errors import KafkaConnectionError, KafkaTimeoutError, NodeNotReadyError, RequestTimedOutError
from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
)


class ServiceError(Exception):
    """Whatever we raise on purpose."""


class TransientError(ServiceError):
    """Wait, then try again."""


class DependencyDownError(TransientError):
    """A server or sister service is out of reach; `name` says which."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} is out of reach: {reason}")
        self.name = name


class PermanentError(ServiceError):
    """Trying again cannot help; `code` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


_OUTAGES: tuple[type[Exception], ...] = (
    DependencyDownError,
    ConnectionFailure,
    ServerSelectionTimeoutError,
    NetworkTimeout,
    ExecutionTimeout,
    httpx.TransportError,
    KafkaConnectionError,
    KafkaTimeoutError,
    NodeNotReadyError,
    RequestTimedOutError,
)


# Unauthorized, AuthenticationFailed: a password is being changed, and no message can help it.
_REFUSED_BY_MONGO = {13, 18}


def is_outage(error: BaseException) -> bool:
    """Whether something we depend on is out of reach, so that waiting heals it."""
    refused = isinstance(error, OperationFailure) and error.code in _REFUSED_BY_MONGO
    return refused or isinstance(error, _OUTAGES)
