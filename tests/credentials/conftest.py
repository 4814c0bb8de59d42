"""Fixtures of the credentials service's tests."""

from collections.abc import AsyncIterator

import pytest
from support.credentials_fakes import CredentialsWorld


@pytest.fixture
async def world() -> AsyncIterator[CredentialsWorld]:
    made = CredentialsWorld()
    yield made
    await made.use.current_access.finish()
    await made.session.aclose()
