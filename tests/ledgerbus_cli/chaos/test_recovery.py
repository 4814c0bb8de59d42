"""Recovery is counted until the next sign of work of the part that was hit."""

from ledgerbus_cli.chaos.recovery import Progress, recoveries
from ledgerbus_cli.chaos.schedule import Kind
from support.chaos_evidence import at, done


def test_kill_counts_from_the_signal_and_a_pause_from_its_end() -> None:
    blows = (done(Kind.KILL, "notifier", 10, 13), done(Kind.PAUSE, "notifier", 30, 35))
    progress = [Progress("notifier", at(seconds)) for seconds in (5, 14, 37)]

    kill, pause = recoveries(blows, progress)

    assert (kill.median_s, pause.median_s) == (4, 2)


def test_several_blows_at_one_target_have_a_median_and_a_longest() -> None:
    blows = tuple(done(Kind.KILL, "notifier", began, began + 1) for began in (0, 100, 200))
    progress = [Progress("notifier", at(seconds)) for seconds in (3, 109, 201)]

    (recovery,) = recoveries(blows, progress)

    assert (recovery.times, recovery.median_s, recovery.longest_s) == (3, 3, 9)


def test_part_with_nothing_left_to_do_is_counted_apart() -> None:
    (recovery,) = recoveries((done(Kind.RESTART, "vault", 1, 2),), [Progress("notifier", at(5))])

    assert (recovery.median_s, recovery.without) == (None, 1)
