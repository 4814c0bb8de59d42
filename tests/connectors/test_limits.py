import asyncio
from dataclasses import dataclass

import pytest
from connectors.errors import ThrottledError
from connectors.limits import Budget, Limiter, Scope, budget_key
from hypothesis import given, settings
from hypothesis import strategies as st
from support.connecting import SteppingClock
from sync_contracts.codes import WaitReason
from sync_contracts.providers import Provider

XERO = Provider.XERO
MINUTE = Budget(name="minute", calls=3, per_s=60.0)
APP = Budget(name="app", scope=Scope.APP, calls=4, per_s=60.0)


async def call(limiter: Limiter, *budgets: Budget, key: str = "a", max_wait_s: float = 20.0) -> None:
    async with limiter.slot(XERO, key, budgets, max_wait_s=max_wait_s):
        pass


async def test_calls_within_the_budget_do_not_wait() -> None:
    clock = SteppingClock()
    limiter = Limiter(clock)

    for _ in range(3):
        await call(limiter, MINUTE)

    assert clock.slept_s == []


async def test_a_call_over_the_budget_is_throttled_under_the_account_s_key() -> None:
    limiter = Limiter(SteppingClock())
    for _ in range(3):
        await call(limiter, MINUTE)

    with pytest.raises(ThrottledError) as caught:
        await call(limiter, MINUTE)

    assert caught.value.retry_after_s == 60.0
    assert caught.value.budget_key == "a"
    assert caught.value.reason is WaitReason.RATE_LIMITED


async def test_a_short_wait_happens_in_process() -> None:
    clock = SteppingClock()
    limiter = Limiter(clock)
    for _ in range(3):
        await call(limiter, MINUTE)
    clock.passed_s += 45

    await call(limiter, MINUTE)

    assert clock.slept_s == [15.0]


async def test_accounts_have_their_own_budgets_and_share_the_app_s() -> None:
    limiter = Limiter(SteppingClock())
    for key in ("a", "a", "b", "b"):
        await call(limiter, MINUTE, APP, key=key)

    with pytest.raises(ThrottledError) as caught:
        await call(limiter, MINUTE, APP, key="c")

    assert caught.value.budget_key == budget_key(APP, XERO, "c") == "xero/app"


async def test_a_worker_uses_its_share_of_an_app_budget() -> None:
    limiter = Limiter(SteppingClock(), app_share=0.5)
    await call(limiter, APP)
    await call(limiter, APP)

    with pytest.raises(ThrottledError):
        await call(limiter, APP)


async def test_a_pause_holds_all_calls_of_its_key() -> None:
    clock = SteppingClock()
    limiter = Limiter(clock)
    limiter.pause("a", 7.0)

    await call(limiter, MINUTE, key="b")
    await call(limiter, MINUTE, key="a")

    assert clock.slept_s == [7.0]


async def test_a_daily_pause_is_a_daily_wait() -> None:
    limiter = Limiter(SteppingClock())
    limiter.pause("a", 3600.0, daily=True)

    with pytest.raises(ThrottledError) as caught:
        await call(limiter, MINUTE)

    assert caught.value.reason is WaitReason.DAILY_LIMIT
    assert caught.value.retry_after_s == 3600.0


async def test_a_day_s_budget_that_is_used_up_is_a_daily_wait() -> None:
    limiter = Limiter(SteppingClock())
    day = Budget(name="day", calls=1, per_s=86_400.0)
    await call(limiter, day)

    with pytest.raises(ThrottledError) as caught:
        await call(limiter, day)

    assert caught.value.reason is WaitReason.DAILY_LIMIT
    assert caught.value.retry_after_s == 86_400.0


async def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    clock = SteppingClock()
    limiter = Limiter(clock)
    limiter.pause("a", 9.0)
    limiter.pause("a", 2.0)

    await call(limiter, MINUTE)

    assert clock.slept_s == [9.0]


async def test_calls_that_others_made_are_counted_once_told() -> None:
    limiter = Limiter(SteppingClock())
    await call(limiter, MINUTE)
    limiter.correct(MINUTE, "a", used=3)
    limiter.correct(MINUTE, "a", used=3)

    with pytest.raises(ThrottledError):
        await call(limiter, MINUTE)


async def test_no_more_calls_at_once_than_allowed() -> None:
    budget, limiter = Budget(name="at once", concurrent=2), Limiter(SteppingClock())
    running, most, released = 0, 0, asyncio.Event()

    async def work() -> None:
        nonlocal running, most
        async with limiter.slot(XERO, "a", [budget]):
            running += 1
            most = max(most, running)
            await released.wait()
            running -= 1

    tasks = [asyncio.create_task(work()) for _ in range(5)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert running == 2

    released.set()
    await asyncio.gather(*tasks)
    assert most == 2


async def test_a_place_that_stays_taken_is_a_throttle() -> None:
    budget, limiter = Budget(name="at once", concurrent=1), Limiter(SteppingClock())

    async with limiter.slot(XERO, "a", [budget]):
        with pytest.raises(ThrottledError):
            await call(limiter, budget, max_wait_s=0.01)

    await call(limiter, budget, max_wait_s=0.01)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(min_value=0, max_value=30), min_size=1, max_size=40))
def test_no_window_ever_holds_more_than_the_budget(gaps: list[float]) -> None:
    clock = SteppingClock()
    limiter, began = Limiter(clock), []

    async def run() -> None:
        for gap in gaps:
            clock.passed_s += gap
            try:
                await call(limiter, MINUTE)
            except ThrottledError:
                continue
            began.append(clock.passed_s)

    asyncio.run(run())

    assert all(sum(start - 60 + 1e-6 < other <= start for other in began) <= 3 for start in began)


async def test_strikes_are_counted_by_pause_and_forgotten_when_a_call_passes() -> None:
    clock = SteppingClock()
    limiter = Limiter(clock)

    first = limiter.strike("a")
    limiter.pause("a", 60)
    together = limiter.strike("a")
    clock.passed_s += 60
    second = limiter.strike("a")
    limiter.passed("a")

    assert (first, together, second) == (1, 1, 2)
    assert limiter.strike("a") == 1
    assert limiter.strike("b") == 1


async def test_what_is_left_is_that_of_the_account_with_the_least() -> None:
    clock = SteppingClock()
    limiter = Limiter(clock)
    await call(limiter, MINUTE, key="xero/rich")
    for _ in range(2):
        await call(limiter, MINUTE, key="xero/poor")

    assert limiter.left() == {("xero", "minute"): 1}

    limiter.pause("xero/rich", 30.0)
    assert limiter.left() == {("xero", "minute"): 0}

    await clock.sleep(61.0)
    assert limiter.left() == {("xero", "minute"): 3}


async def test_many_accounts_in_use_are_not_looked_through_for_each_new_one() -> None:
    """Each look reads the clock once more; nothing can be forgotten, for all have called just now."""

    @dataclass
    class ReadClock(SteppingClock):
        read: int = 0

        def monotonic_s(self) -> float:
            self.read += 1
            return super().monotonic_s()

    clock = ReadClock()
    limiter = Limiter(clock)
    await call(limiter, MINUTE, key="first")
    each = clock.read

    for number in range(20_100):
        await call(limiter, MINUTE, key=f"account {number}")

    assert clock.read - each * 20_101 == 1
