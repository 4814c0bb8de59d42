"""Leases fetched together: only what needs nothing more is given."""

from uuid import uuid4

from credentials.connection import Connection
from credentials.lease_access import LeaseWish
from support.credentials_fakes import CredentialsWorld, place


def wish(connection: Connection, *, generation: int | None = None, needed_s: float = 0) -> LeaseWish:
    return LeaseWish(
        company_id=connection.company_id,
        connection_id=connection.connection_id,
        generation=generation,
        needed_s=needed_s,
    )


async def test_what_needs_nothing_more_is_at_hand(world: CredentialsWorld) -> None:
    good = await world.saved(key="abc")
    alone = await world.use.lease(wish(good))

    [lease] = await world.use.lease.at_hand([wish(good, generation=1)])

    assert lease == alone


async def test_what_is_refused_renewed_or_foreign_is_not_at_hand(world: CredentialsWorld) -> None:
    rotating = await world.saved()
    static = await world.saved(place("client-2"), key="abc")
    await world.use.lease(wish(rotating))
    await world.use.lease(wish(static))
    wishes = [
        wish(rotating, needed_s=30 * 60),
        wish(static, generation=7),
        LeaseWish(company_id="firm-2", connection_id=static.connection_id),
        LeaseWish(company_id="firm-1", connection_id=uuid4()),
    ]

    assert await world.use.lease.at_hand(wishes) == []
    assert world.provider.sign_ins == ["ann-1", "abc"]
