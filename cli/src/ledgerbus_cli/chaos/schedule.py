"""What is done when: a pure function of the seed."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sync_contracts.providers import Provider


class Kind(StrEnum):
    """The ways to disturb a running system."""

    KILL = "kill"  # SIGKILL
    RESTART = "restart"  # SIGTERM, and it comes back
    PAUSE = "pause"  # SIGSTOP, and later SIGCONT
    FAIL = "fail"  # the provider answers 500
    GATEWAY = "gateway"  # or 502
    HANG = "hang"
    THROTTLE = "throttle"
    UNREADABLE = "unreadable"  # one client's books
    ROTATE = "rotate"  # all access tokens end now
    RESAVE = "resave"  # somebody enters a client's key anew
    DELETE = "delete"  # somebody deletes a client's connection
    CHANGE = "change"  # somebody works in a client's books


SERVICES = (
    "credentials",
    "sync-orchestrator",
    "sync-orchestrator-2",
    "connector-workers",
    "connector-workers-2",
    "summary-writer",
    "notifier",
)
WORKERS = ("connector-workers", "connector-workers-2")
SERVERS = ("vault", "database")
ROTATING = (Provider.XERO, Provider.QUICKBOOKS, Provider.TRIGON, Provider.TRIPLETEX)
# Its imitation replaces the refresh token of every second user: one that was not kept shows at the next.
SPENDING = Provider.FREEAGENT
PROVIDER_TROUBLES = (Kind.FAIL, Kind.GATEWAY, Kind.HANG, Kind.THROTTLE)
_CALM_AT_END = 0.1
_UNDISTURBED_S = 1.0
_HELD_S, _KILLED_AFTER_S = 10.0, 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """One disturbance: what, at whom, when, for how long."""

    at_s: float
    kind: Kind
    target: str = ""
    lasts_s: float = 0.0
    choice: float = 0.0  # in [0, 1): picks the client, where the target leaves it open

    def __str__(self) -> str:
        return f"{self.kind} {self.target}".rstrip()


def schedule(seed: int, minutes: float, *, session_timeout_s: float) -> tuple[Blow, ...]:
    """Blows over the whole time but its last tenth, each kind at each target before any comes again."""
    chance = random.Random(seed)  # noqa: S311 (a schedule, not a secret)
    last_s = minutes * 60 * (1 - _CALM_AT_END)
    gap_s = max(_UNDISTURBED_S, min(6.0, last_s / len(_deck(chance, session_timeout_s))))
    dealt = _dealt(chance, session_timeout_s)
    return tuple(
        Blow(
            at_s=round((number + chance.random()) * gap_s, 2),
            kind=kind,
            target=target,
            lasts_s=lasts_s,
            choice=chance.random(),
        )
        for number, (kind, target, lasts_s) in zip(range(int(last_s / gap_s)), dealt, strict=False)
    )


def finale(seed: int) -> tuple[Blow, ...]:
    """What comes when all that was hit is back: a worker is killed while it waits for answers, nothing else.

    Only where nothing else is in the way can be told whether its work is taken up in time.
    """
    chance = random.Random(seed)  # noqa: S311 (a schedule, not a secret)
    held = (Blow(at_s=0.0, kind=Kind.HANG, target=each, lasts_s=_HELD_S) for each in Provider)
    return (*held, Blow(at_s=_KILLED_AFTER_S, kind=Kind.KILL, target=chance.choice(WORKERS)))


_Card = tuple[Kind, str, float]


def _dealt(chance: random.Random, session_timeout_s: float) -> Iterator[_Card]:
    while True:
        deck = _deck(chance, session_timeout_s)
        chance.shuffle(deck)
        yield from deck


def _deck(chance: random.Random, session_timeout_s: float) -> list[_Card]:
    """Each kind at each target once, with the lengths of this round."""
    pause_s = [round(session_timeout_s * chance.uniform(1.3, 2.0), 1) for _ in SERVICES]
    return [
        *((Kind.KILL, service, 0.0) for service in SERVICES),
        *((Kind.PAUSE, service, lasts) for service, lasts in zip(SERVICES, pause_s, strict=True)),
        *((kind, server, 0.0) for server in SERVERS for kind in (Kind.KILL, Kind.RESTART)),
        (chance.choice((Kind.KILL, Kind.RESTART)), "broker", 0.0),
        *((kind, _one_of(chance, tuple(Provider)), _some_s(chance)) for kind in PROVIDER_TROUBLES),
        *((Kind.ROTATE, provider, 0.0) for provider in (*[SPENDING] * 3, chance.choice(ROTATING))),
        (Kind.UNREADABLE, "", _some_s(chance)),
        (Kind.RESAVE, "", 0.0),
        (Kind.DELETE, "", 0.0),
        *((Kind.CHANGE, "", 0.0) for _ in range(6)),
    ]


def _one_of(chance: random.Random, among: Sequence[Provider]) -> str:
    return str(chance.choice(among))


def _some_s(chance: random.Random) -> float:
    return round(chance.uniform(3.0, 8.0), 1)
