"""Identifiers: the platform's own, and ours, which are derived so that a repetition gives the same one."""

from typing import Annotated
from uuid import UUID, uuid5

from pydantic import Field

from sync_contracts.month import Month
from sync_contracts.providers import Provider

PlatformId = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="Given by the platform.", examples=["client-17"]),
]

_NAMESPACE = UUID("6d2f6f5e-3f0c-5c1e-9a43-0c3a7d1b8e55")


def run_id(company_id: str, request_id: str) -> UUID:
    """The run of one request of one company."""
    return uuid5(_NAMESPACE, f"run/{company_id}/{request_id}")


def job_id(run: UUID, client_id: str, provider: Provider, month: Month) -> UUID:
    """One client's month at one provider, within a run."""
    return uuid5(run, f"{client_id}/{provider}/{month}")


def attempt_event_id(job: UUID, attempt: int, kind: str) -> UUID:
    """The message of one kind about one attempt of a job."""
    return uuid5(job, f"{attempt}/{kind}")


def run_event_id(run: UUID, kind: str) -> UUID:
    """The one message of its kind about a run, such as `finished`."""
    return uuid5(run, kind)
