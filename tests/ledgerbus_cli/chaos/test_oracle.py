"""The oracle finds nothing where every promise was kept, and names what was not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from ledgerbus_cli.chaos.evidence import Answered, Asked, Attempt, CallsOf, Client, Kept, TrueSince
from ledgerbus_cli.chaos.findings import Fault
from ledgerbus_cli.chaos.oracle import judge
from ledgerbus_cli.chaos.schedule import Kind
from support.chaos_evidence import (
    ANNA,
    APRIL,
    BORIS,
    OLD,
    REQUEST,
    RUN,
    TRUE,
    at,
    counted,
    done,
    found,
    job,
    job_of,
    month_of,
    receipt,
    run,
    sound,
    started,
    summary,
    written,
)
from sync_contracts.codes import ProblemCode, RefusalCode
from sync_contracts.metrics import Metric
from sync_contracts.runs import JobEnding

KILL = done(Kind.KILL, "connector-workers", 3, 6, note="100")
UNENDED: dict[str, Any] = {"outcomes": {}}


def test_nothing_is_found_where_every_promise_was_kept() -> None:
    assert judge(sound()) == []


# Requests


def test_request_without_an_answer_is_lost() -> None:
    asked = (*sound().asked, Asked(request_id="req-2", what="reload"))

    assert found(asked=asked) == {(Fault.LOST, "every request is answered")}


def test_request_with_two_runs_in_its_answers_is_doubled() -> None:
    other = UUID(int=9)
    answered = (*sound().answered, Answered(request_id=REQUEST, run_id=other))

    assert (Fault.DOUBLED, "a request has one answer") in found(answered=answered)


def test_accepted_request_without_a_run_is_lost() -> None:
    asked = (*sound().asked, Asked(request_id="req-2", what="reload"))
    answered = (*sound().answered, Answered(request_id="req-2", run_id=UUID(int=9)))

    assert found(asked=asked, answered=answered) == {(Fault.LOST, "an accepted request has its run")}


def test_second_run_of_a_request_is_doubled() -> None:
    assert (Fault.DOUBLED, "a request has one run") in found(runs=(run(), run(run_id=UUID(int=9))))


def test_run_that_nobody_asked_for_is_wrong() -> None:
    assert (Fault.WRONG, "nothing runs that nobody asked for") in found(asked=())


def test_sound_request_that_is_refused_is_wrong() -> None:
    asked = (*sound().asked, Asked(request_id="req-2", what="reload", clients=(ANNA,)))
    answered = (*sound().answered, Answered(request_id="req-2", code=RefusalCode.NO_CREDENTIALS))

    assert found(asked=asked, answered=answered) == {(Fault.WRONG, "nothing sound is refused")}
    assert found(asked=asked, answered=answered, deleted={ANNA: at(20)}) == set()


def test_unsound_request_that_is_accepted_is_wrong() -> None:
    unsound = Asked(request_id=REQUEST, what="bulk", clients=(ANNA, BORIS), is_sound=False)

    assert found(asked=(unsound,)) == {(Fault.WRONG, "what is not sound is refused")}


# Runs, receipts and jobs


def test_open_run_is_stuck() -> None:
    jobs = (job(ANNA), job(BORIS, is_open=True, ending=None))

    assert found(runs=(run(state="open", jobs=jobs, receipt=None),), receipts=()) == {
        (Fault.STUCK, "every run ends")
    }


def test_ended_run_without_a_receipt_is_lost() -> None:
    assert found(runs=(run(receipt=None),), receipts=()) == {(Fault.LOST, "every run has a receipt")}


def test_two_different_receipts_of_a_run_are_doubled() -> None:
    receipts = (receipt(), receipt(event_id=UUID(int=2)))

    assert found(receipts=receipts) == {(Fault.DOUBLED, "a run has one receipt")}


@pytest.mark.parametrize(("counted_jobs", "fault"), [(3, Fault.DOUBLED), (1, Fault.LOST)])
def test_receipt_that_counts_another_number_of_jobs(counted_jobs: int, fault: Fault) -> None:
    told = receipt(written=counted_jobs)

    assert found(runs=(run(receipt=told),), receipts=(told,)) == {(fault, "the receipt counts each job once")}


def test_receipt_that_tells_other_endings_than_the_jobs_have_is_wrong() -> None:
    jobs = (job(ANNA), job(BORIS, ending=JobEnding.UNCHANGED))

    assert (Fault.WRONG, "the receipt counts each job once") in found(runs=(run(jobs=jobs),))
    assert (Fault.WRONG, "a line tells its client's jobs") in found(runs=(run(jobs=jobs),))


def test_receipt_without_a_line_for_each_client_is_wrong() -> None:
    told = receipt(lines_total=1)

    assert found(runs=(run(receipt=told),), receipts=(told,)) == {(Fault.WRONG, "each client has a line")}


def test_client_that_was_asked_for_and_has_no_job_is_lost() -> None:
    carla = Client("carla", ANNA.provider)
    asked = Asked(request_id=REQUEST, what="bulk", clients=(ANNA, BORIS, carla))

    assert found(asked=(asked,)) == {(Fault.LOST, "every client that was asked for is read")}


def test_job_of_a_client_that_nobody_asked_for_is_wrong() -> None:
    asked = Asked(request_id=REQUEST, what="bulk", clients=(ANNA,))

    assert found(asked=(asked,)) == {(Fault.WRONG, "nobody is read who was not asked for")}


def test_failure_is_lost_work_unless_somebody_caused_it() -> None:
    jobs = (job(ANNA), job(BORIS, ending=JobEnding.FAILED, code=ProblemCode.NEEDS_AUTH))
    runs = (run(jobs=jobs),)
    rule = (Fault.LOST, "nothing fails without a cause")

    assert rule in found(runs=runs)
    assert rule not in found(runs=runs, cut_off=frozenset({BORIS}))


def test_failure_for_want_of_authorisation_tells_what_its_connection_says() -> None:
    jobs = (job(ANNA), job(BORIS, ending=JobEnding.FAILED, code=ProblemCode.NEEDS_AUTH))
    told = sound(runs=(run(jobs=jobs),), needs_auth={BORIS: "The consent was withdrawn."})

    assert any("The consent was withdrawn." in finding.told for finding in judge(told))


def test_unreadable_answer_is_explained_by_spoilt_books_of_that_client_only() -> None:
    jobs = (job(ANNA), job(BORIS, ending=JobEnding.FAILED, code=ProblemCode.UNREADABLE_ANSWER))
    rule = (Fault.LOST, "nothing fails without a cause")

    assert rule not in found(runs=(run(jobs=jobs),), done=(done(Kind.UNREADABLE, "", 1, 5, note=str(BORIS)),))
    assert rule in found(runs=(run(jobs=jobs),), done=(done(Kind.UNREADABLE, "", 1, 5, note=str(ANNA)),))


def test_cancelled_job_is_explained_by_the_cancelled_run_or_the_deleted_connection() -> None:
    jobs = (job(ANNA), job(BORIS, ending=JobEnding.CANCELLED))
    rule = (Fault.LOST, "nothing fails without a cause")

    assert rule in found(runs=(run(jobs=jobs),))
    assert rule not in found(runs=(run(jobs=jobs, is_cancelled=True),))
    assert rule not in found(runs=(run(jobs=jobs),), deleted={BORIS: at(20)})


# Summaries


def test_value_that_the_books_never_said_is_wrong() -> None:
    summaries = (summary(ANNA, values=OLD), summary(BORIS))
    rule = (Fault.WRONG, "every value equals the truth at its reading")

    assert rule in found(summaries=summaries)
    assert rule in found(counted=(counted(ANNA, values=OLD), counted(BORIS)))


def test_metric_that_is_absent_or_too_much_is_wrong() -> None:
    rule = (Fault.WRONG, "every value equals the truth at its reading")
    more = {**TRUE, Metric.SALES_VAT: "0.00 EUR"}

    assert rule in found(summaries=(summary(ANNA, values={}), summary(BORIS)))
    assert rule in found(summaries=(summary(ANNA, values=more), summary(BORIS)))


@pytest.mark.parametrize(("changed_at", "is_true"), [(1, True), (3, True), (5, False)])
def test_books_that_change_during_a_reading_may_be_read_before_or_after(
    changed_at: float, is_true: bool
) -> None:
    states = (
        TrueSince(since=at(-100), values=OLD),
        TrueSince(since=at(changed_at), values=TRUE),
    )

    seen = found(truth={**sound().truth, month_of(ANNA): states})

    assert ((Fault.WRONG, "every value equals the truth at its reading") not in seen) is is_true


def test_older_reading_that_stands_is_wrong() -> None:
    later = Kept(attempt=Attempt(job_of(ANNA), 2), of=month_of(ANNA), read_at=at(9), kept=True)
    beaten = Kept(attempt=Attempt(job_of(ANNA), 2), of=month_of(ANNA), read_at=at(9), kept=False)

    assert found(kept=(*sound().kept, later)) == {(Fault.WRONG, "the newest reading stands")}
    assert found(kept=(*sound().kept, beaten)) == set()


def test_attempt_that_is_read_again_repeats_its_first_answer() -> None:
    again = Kept(attempt=Attempt(job_of(ANNA), 1), of=month_of(ANNA), read_at=at(9), kept=True)

    assert found(kept=(*sound().kept, again)) == set()


def test_written_job_without_a_write_is_lost() -> None:
    assert (Fault.LOST, "what was written is there") in found(
        summaries=(summary(ANNA),), history=(written(ANNA),)
    )


def test_history_without_its_beginning_is_lost() -> None:
    second = written(ANNA, version=2, replaced=summary(ANNA, values=OLD))

    assert found(summaries=(summary(ANNA, version=2), summary(BORIS)), history=(second, written(BORIS))) == {
        (Fault.LOST, "the history is whole"),
        (Fault.WRONG, "every value equals the truth at its reading"),
    }


def test_confirmed_summary_needs_no_entry() -> None:
    assert found(summaries=(summary(ANNA, version=3), summary(BORIS))) == set()


def test_replaced_values_that_are_not_kept_are_lost() -> None:
    second = written(ANNA, version=2, attempt=Attempt(job_of(ANNA), 2))

    assert (Fault.LOST, "the history holds what was replaced") in found(
        summaries=(summary(ANNA, version=2), summary(BORIS)),
        history=(written(ANNA), second, written(BORIS)),
    )


def test_same_values_written_again_are_doubled() -> None:
    second = written(ANNA, version=2, attempt=Attempt(job_of(ANNA), 2), replaced=summary(ANNA))

    assert found(
        summaries=(summary(ANNA, version=2), summary(BORIS)),
        history=(written(ANNA), second, written(BORIS)),
    ) == {(Fault.DOUBLED, "equal values are not written again")}


def test_attempt_that_writes_twice_is_doubled() -> None:
    second = written(ANNA, version=2, replaced=summary(ANNA))

    assert (Fault.DOUBLED, "an attempt writes once") in found(
        summaries=(summary(ANNA, version=2), summary(BORIS)),
        history=(written(ANNA), second, written(BORIS)),
    )


def test_summary_that_nobody_asked_for_is_wrong() -> None:
    seen = found(runs=(run(jobs=(job(BORIS),)),))

    assert (Fault.WRONG, "nothing is written that nobody asked for") in seen


def test_reading_after_the_deletion_is_wrong() -> None:
    rule = (Fault.WRONG, "a deleted connection is not read")

    assert rule in found(deleted={ANNA: at(2) - timedelta(seconds=10)})
    assert rule not in found(deleted={ANNA: at(1)})


# Work in hand, calls, what is left over


def test_reading_of_a_killed_worker_that_nobody_takes_up_is_lost() -> None:
    rule = (Fault.LOST, "a killed worker's readings go on elsewhere")
    open_run = run(state="open", receipt=None, jobs=(job(ANNA, is_open=True, ending=None), job(BORIS)))
    again = started(ANNA, at=at(20), worker="host/200")

    assert rule in found(done=(KILL,), runs=(open_run,), receipts=(), **UNENDED)
    assert rule not in found(
        done=(KILL,), runs=(open_run,), receipts=(), started=(*sound().started, again), **UNENDED
    )


def test_reading_that_is_taken_up_late_is_lost_unless_something_else_was_down() -> None:
    rule = (Fault.LOST, "a killed worker's readings go on elsewhere")
    again = tuple(started(client, at=at(60), worker="host/200") for client in (ANNA, BORIS))
    outage = done(Kind.KILL, "database", 4, 30)

    assert rule in found(done=(KILL,), started=(*sound().started, *again), **UNENDED)
    assert rule not in found(done=(KILL, outage), started=(*sound().started, *again), **UNENDED)


def test_reading_that_had_ended_needs_nobody_to_take_it_up() -> None:
    assert found(done=(done(Kind.KILL, "connector-workers", 5, 6, note="100"),)) == set()


def test_calls_beyond_the_readings_are_doubled() -> None:
    twice = {client: CallsOf(made=10) for client in (ANNA, BORIS)}
    again = tuple(started(client, at=at(8)) for client in (ANNA, BORIS))
    trouble = done(Kind.FAIL, ANNA.provider, 1, 3)

    assert found(calls=twice) == {(Fault.DOUBLED, "a reading costs its calls once")}
    assert found(calls=twice, started=(*sound().started, *again)) == set()
    assert found(calls=twice, done=(trouble,)) == set()


def test_reading_of_which_months_are_missing_tells_no_fewest_calls() -> None:
    year = tuple(Attempt(UUID(int=number), 1) for number in range(12))
    whole = tuple(counted(ANNA, attempt=attempt, read_at=at(2), calls=16) for attempt in year)
    cut_short = tuple(
        counted(ANNA, attempt=Attempt(attempt.job_id, 2), read_at=at(50), calls=9) for attempt in year[:5]
    )
    readings = (
        started(ANNA, attempts=year, months=12),
        started(ANNA, attempts=tuple(Attempt(one.job_id, 2) for one in year), months=12, at=at(49)),
    )
    rule = (Fault.DOUBLED, "a reading costs its calls once")
    evidence = {"counted": (*whole, *cut_short), "started": readings}

    assert rule not in found(calls={ANNA: CallsOf(made=32)}, **evidence)
    assert rule in found(calls={ANNA: CallsOf(made=33)}, **evidence)


def test_what_does_not_come_back_is_stuck() -> None:
    blow = replace(done(Kind.KILL, "notifier", 10, 190), trouble="TimeoutError")

    assert found(done=(blow,)) == {(Fault.STUCK, "everything comes back")}


def test_leftovers_are_named() -> None:
    assert found(parked={"job.counted.v1.dead": 1}) == {(Fault.LOST, "no message is parked")}
    assert found(behind={"notifier.run.finished.v1": 2}) == {(Fault.STUCK, "every message is handled")}
    assert found(not_ready=("notifier",)) == {(Fault.STUCK, "every service is ready")}


def test_findings_name_run_and_client() -> None:
    (finding,) = judge(sound(runs=(run(receipt=None),), receipts=()))

    assert str(RUN) in finding.told
    assert str(finding).startswith("lost: every run has a receipt")
    assert APRIL in {of.month for of in sound().truth}
