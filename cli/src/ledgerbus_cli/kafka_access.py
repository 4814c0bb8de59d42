"""How the command signs in to Kafka: by environment variables, since arguments are for all to see."""

import os
from typing import Any

from pydantic import ValidationError
from service_kit.kafka_access import client_security
from service_kit.settings import KafkaAccess

from ledgerbus_cli.problems import BadUsageError

PREFIX = "LEDGERBUS_KAFKA_"


def kafka_options(bootstrap_servers: str) -> dict[str, Any]:
    """Arguments for any client of that broker; BadUsageError names what does not fit."""
    names = (name for name in KafkaAccess.model_fields if PREFIX + name.upper() in os.environ)
    given = {name: os.environ[PREFIX + name.upper()] for name in names}
    try:
        access = KafkaAccess.model_validate({**given, "bootstrap_servers": bootstrap_servers})
        return {"bootstrap_servers": bootstrap_servers, **client_security(access)}
    except ValidationError as error:
        told = "; ".join(f"{_variable(fault['loc'])}: {fault['msg']}" for fault in error.errors())
        raise BadUsageError(f"{told}.") from None
    except OSError as error:
        raise BadUsageError(f"{PREFIX}CA_FILE cannot be read: {error.strerror}.") from None


def _variable(path: tuple[int | str, ...]) -> str:
    return PREFIX + (str(path[0]).upper() if path else "…")
