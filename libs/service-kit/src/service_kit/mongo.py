"""The MongoDB client of a service."""

from typing import Any

from bson.codec_options import CodecOptions, TypeRegistry
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase

from service_kit.settings import MongoSettings

Document = dict[str, Any]


def build_mongo(settings: MongoSettings) -> AsyncIOMotorClient[Document]:
    """One client for the process; made inside the running event loop, connects on first use."""
    timeout_ms = int(settings.timeout_s * 1000)
    encrypted: dict[str, Any] = {"tls": True, "tlsCAFile": str(settings.ca_file)} if settings.ca_file else {}
    return AsyncIOMotorClient(
        settings.url.get_secret_value(),
        tz_aware=True,
        uuidRepresentation="standard",
        serverSelectionTimeoutMS=timeout_ms,
        connectTimeoutMS=timeout_ms,
        socketTimeoutMS=timeout_ms,
        maxPoolSize=50,
        retryWrites=False,
        **encrypted,
    )


def database(client: AsyncIOMotorClient[Document], settings: MongoSettings) -> AsyncIOMotorDatabase[Document]:
    """The service's own database; dates come back as aware UTC."""
    options: CodecOptions[Document] = client.codec_options.with_options(type_registry=TypeRegistry())
    return client.get_database(settings.database, codec_options=options)
