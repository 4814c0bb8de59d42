"""A request that comes twice is read once, unless its result was lost."""

from connector_workers.begun import Begun
from support.readings import requested


def test_only_what_was_not_begun_is_left() -> None:
    begun = Begun()
    begun.begin(requested("2026-03"))

    both = begun.begin(requested("2026-03", "2026-04"))
    again = begun.begin(requested("2026-03", "2026-04"))

    assert both is not None
    assert [str(due.month) for due in both.jobs] == ["2026-04"]
    assert again is None


def test_another_attempt_is_another_reading() -> None:
    begun, first = Begun(), requested()
    begun.begin(first)
    second = first.model_copy(
        update={"jobs": tuple(due.model_copy(update={"attempt": 2}) for due in first.jobs)}
    )

    assert begun.begin(second) == second


def test_who_asks_ten_minutes_later_has_lost_the_result() -> None:
    now_s = 0.0
    begun = Begun(lambda: now_s)
    begun.begin(requested())

    now_s = 599.0
    late = begun.begin(requested())
    now_s = 601.0

    assert late is None
    assert begun.begin(requested()) is not None
