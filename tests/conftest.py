"""Fixtures that any test may ask for, and which tests stay in one process for what they share."""

import gc

import pytest
from support.large_system import known_accounts, large_firm, large_system, say
from support.servers import embedded_stack, kafka_bootstrap, mongo_url, vault
from support.system import collector, crash_order, firm, sandbox, system

__all__ = [
    "collector",
    "crash_order",
    "embedded_stack",
    "firm",
    "kafka_bootstrap",
    "known_accounts",
    "large_firm",
    "large_system",
    "mongo_url",
    "sandbox",
    "say",
    "system",
    "vault",
]

# Processes that are dear to start, once for all tests of a fixture.
SHARED = ("system", "large_system", "credentials_stack")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses one of the shared fixtures runs in the same test process."""
    for item in items:
        for name in SHARED:
            if name in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(name))


def pytest_collection_finish() -> None:
    """What is imported by now stays to the end: not to be looked through again and again."""
    gc.collect()
    gc.freeze()
