"""How clients of Kafka sign in and encrypt, from one place for all of them."""

import ssl
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from faststream.kafka.security import parse_security
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram512

from service_kit.settings import KafkaAccess


def client_security(access: KafkaAccess) -> dict[str, Any]:
    """What a client of aiokafka is made with, besides the address; raises OSError as below."""
    return parse_security(security_of(access))


def security_of(access: KafkaAccess) -> BaseSecurity | None:
    """The same for FastStream; raises OSError for a CA file that cannot be read."""
    if not access.encrypted and not access.signs_in:
        return None
    context = ssl.create_default_context(cafile=access.ca_file) if access.encrypted else None
    if access.username is None or access.password is None:
        return BaseSecurity(ssl_context=context, use_ssl=access.encrypted)
    kind = SASLPlaintext if access.sasl_mechanism == "PLAIN" else SASLScram512
    return kind(
        access.username, access.password.get_secret_value(), ssl_context=context, use_ssl=access.encrypted
    )


async def reach(access: KafkaAccess) -> None:
    """Sign in once; raises KafkaError when the broker cannot be reached or refuses."""
    admin = AIOKafkaAdminClient(bootstrap_servers=access.bootstrap_servers, **client_security(access))
    try:
        await admin.start()
    finally:
        await admin.close()
