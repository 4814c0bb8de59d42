"""Sessions: made from two tokens, gone at a Norwegian midnight."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import uuid4
from zoneinfo import ZoneInfo

from sandbox.clock import Clock
from sandbox.tripletex.company import Employee
from sandbox.tripletex.errors import invalid, missing, unauthorized, unmapped

_OSLO = ZoneInfo("Europe/Oslo")


@dataclass(frozen=True, slots=True)
class Session:
    """One session token, and whose it is."""

    id: int
    token: str
    employee: Employee
    expires_on: date

    @property
    def expires_at(self) -> datetime:
        """The midnight at the start of its last date."""
        return datetime.combine(self.expires_on, time(), _OSLO).astimezone(UTC)


class Sessions:
    """All sessions that have been made."""

    def __init__(self, clock: Clock, employees: Iterable[Employee], consumer_tokens: dict[str, str]) -> None:
        self._clock = clock
        self._employees = {(one.environment, one.token): one for one in employees}
        self._consumer_tokens = consumer_tokens
        self._open: dict[str, Session] = {}

    def employee(self, environment: str, consumer: str | None, token: str | None) -> Employee:
        """Whose tokens these are; those of the other environment are nobody's."""
        if not consumer:
            raise missing("consumerToken")
        if not token:
            raise missing("employeeToken")
        found = self._employees.get((environment, token))
        if found is None or consumer != self._consumer_tokens[environment]:
            raise unauthorized()
        return found

    def create(self, employee: Employee, expires_on: str | None) -> Session:
        """A new session; its last date must be later than today in Norway."""
        if not expires_on:
            raise missing("expirationDate")
        try:
            last = date.fromisoformat(expires_on)
        except ValueError as error:
            raise unmapped("expirationDate") from error
        if last <= self._clock.now().astimezone(_OSLO).date():
            raise invalid("expirationDate", "Utløpsdato må være etter dagens dato.")
        session = Session(9_800_000 + len(self._open), str(uuid4()), employee, last)
        self._open[session.token] = session
        return session

    def find(self, environment: str, token: str, skew_s: float = 0) -> Session:
        """The session of this token, while it lasts."""
        session = self._open.get(token)
        if session is None or session.employee.environment != environment:
            raise unauthorized()
        if self._clock.now().timestamp() + skew_s >= session.expires_at.timestamp():
            raise unauthorized()
        return session

    def forget(self, token: str) -> None:
        """Log out."""
        self._open.pop(token, None)
