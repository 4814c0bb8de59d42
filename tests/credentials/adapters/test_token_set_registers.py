"""One suite for every `TokenSetRegister`."""

import asyncio
from uuid import uuid4

import pytest
from credentials.adapters.mongo_token_sets import MongoTokenSets
from credentials.ports import LastUse, Owner, TokenSetRegister
from motor.motor_asyncio import AsyncIOMotorDatabase
from service_kit.mongo import Document
from support.credentials_fakes import FakeTokenSets
from sync_contracts.providers import Provider

ANN = Owner("xero/ann", "xero/ann")
BOB = Owner("xero/bob", "xero/bob")


@pytest.fixture
async def mongo_register(records: AsyncIOMotorDatabase[Document]) -> MongoTokenSets:
    made = MongoTokenSets(records)
    await made.ensure_indexes()
    return made


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.integration)])
def register(request: pytest.FixtureRequest) -> TokenSetRegister:
    if request.param == "fake":
        return FakeTokenSets()
    found: TokenSetRegister = request.getfixturevalue("mongo_register")
    return found


async def test_all_who_take_at_once_take_the_same_set(register: TokenSetRegister) -> None:
    taken = await asyncio.gather(*(register.take("firm-1", Provider.XERO, ANN, uuid4()) for _ in range(8)))

    assert len(set(taken)) == 1


async def test_owners_and_companies_have_sets_of_their_own(register: TokenSetRegister) -> None:
    taken = [
        await register.take("firm-1", Provider.XERO, ANN, uuid4()),
        await register.take("firm-1", Provider.XERO, BOB, uuid4()),
        await register.take("firm-1", Provider.TRIPLETEX, ANN, uuid4()),
        await register.take("firm-2", Provider.XERO, ANN, uuid4()),
    ]

    assert len(set(taken)) == 4


async def test_a_use_tells_its_set(register: TokenSetRegister) -> None:
    ref = uuid4()
    token_set = await register.take("firm-1", Provider.XERO, ANN, ref)

    assert await register.taken("firm-1", ref) == token_set
    assert await register.taken("firm-2", ref) is None
    assert await register.taken("firm-1", uuid4()) is None


async def test_only_the_last_use_destroys(register: TokenSetRegister) -> None:
    one, two = uuid4(), uuid4()
    token_set = await register.take("firm-1", Provider.XERO, ANN, one)
    await register.take("firm-1", Provider.XERO, ANN, two)

    assert await register.give_back("firm-1", one) is None
    assert await register.give_back("firm-1", two) == LastUse(token_set, owner_has_others=False)


async def test_of_uses_given_back_at_once_exactly_one_is_the_last(register: TokenSetRegister) -> None:
    refs = [uuid4() for _ in range(6)]
    for ref in refs:
        await register.take("firm-1", Provider.XERO, ANN, ref)

    ends = await asyncio.gather(*(register.give_back("firm-1", ref) for ref in refs))

    assert sum(end is not None for end in ends) == 1


async def test_an_interrupted_end_is_found_again(register: TokenSetRegister) -> None:
    ref = uuid4()
    token_set = await register.take("firm-1", Provider.XERO, ANN, ref)
    first = await register.give_back("firm-1", ref)

    assert await register.give_back("firm-1", ref) == first
    await register.forget("firm-1", token_set)
    assert await register.give_back("firm-1", ref) is None


async def test_a_set_that_ends_is_never_taken_again(register: TokenSetRegister) -> None:
    ref = uuid4()
    ending = await register.take("firm-1", Provider.XERO, ANN, ref)
    await register.give_back("firm-1", ref)

    fresh = await register.take("firm-1", Provider.XERO, ANN, uuid4())
    await register.forget("firm-1", fresh)

    assert fresh != ending
    assert await register.is_known("firm-1", fresh)


async def test_an_owners_other_sets_are_known_over_companies(register: TokenSetRegister) -> None:
    ref = uuid4()
    token_set = await register.take("firm-1", Provider.XERO, ANN, ref)
    await register.take("firm-2", Provider.XERO, Owner("xero/pasted", "xero/ann"), uuid4())

    assert await register.give_back("firm-1", ref) == LastUse(token_set, owner_has_others=True)
