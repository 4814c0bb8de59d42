"""Fixtures of the credentials service's tests."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from sandbox.embedded import VaultAccess
from support.credentials_caller import Caller, Issuers, calling
from support.credentials_fakes import CredentialsWorld
from support.credentials_process import CredentialsProcess, CredentialsStack
from support.issuer import Issuer
from support.sandbox_server import running_sandbox


@pytest.fixture
async def world() -> AsyncIterator[CredentialsWorld]:
    made = CredentialsWorld()
    yield made
    await made.use.current_access.finish()
    await made.session.aclose()


@pytest.fixture(scope="session")
def issuers(tmp_path_factory: pytest.TempPathFactory) -> Issuers:
    return Issuers.in_folder(tmp_path_factory.mktemp("issuers"))


@pytest.fixture
async def caller(world: CredentialsWorld, issuers: Issuers) -> AsyncIterator[Caller]:
    async with calling(world, issuers) as made:
        yield made


@pytest.fixture(scope="session")
def credentials_stack(
    kafka_bootstrap: str, mongo_url: str, vault: VaultAccess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CredentialsStack]:
    folder = tmp_path_factory.mktemp("credentials")
    with running_sandbox(clients=24) as sandbox:
        yield CredentialsStack(kafka_bootstrap, mongo_url, vault, sandbox, folder, Issuer(folder))


@pytest.fixture(scope="session")
def one(credentials_stack: CredentialsStack) -> Iterator[CredentialsProcess]:
    with credentials_stack.process() as process:
        yield process


@pytest.fixture(scope="session")
def two(credentials_stack: CredentialsStack) -> Iterator[CredentialsProcess]:
    with credentials_stack.process() as process:
        yield process


@pytest.fixture
def firm() -> str:
    return f"firm-{uuid4().hex[:8]}"
