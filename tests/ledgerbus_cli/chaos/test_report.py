"""The report says what was done, how long it took to get on, and what was found."""

import json
from dataclasses import replace

from ledgerbus_cli.chaos import report
from ledgerbus_cli.chaos.conduct import Outcome
from ledgerbus_cli.chaos.oracle import judge
from ledgerbus_cli.chaos.recovery import Progress, recoveries
from ledgerbus_cli.chaos.schedule import Kind
from support.chaos_evidence import at, done, run, sound


def outcome() -> Outcome:
    evidence = sound(done=(done(Kind.KILL, "notifier", 1, 3), done(Kind.FAIL, "xero", 5, 9)))
    return Outcome(
        seed=7,
        minutes=2,
        broker="embedded",
        machine="2 cores",
        evidence=evidence,
        findings=judge(evidence),
        recoveries=recoveries(evidence.done, [Progress("notifier", at(4))]),
        repeated=3,
        seconds={"chaos": 120.0},
    )


def test_report_of_a_good_end_says_so_with_its_figures() -> None:
    text = report.as_markdown(outcome())

    assert "Everything was kept: 0 lost, 0 doubled, 0 wrong, 0 stuck." in text
    assert "| kill notifier | 1 | 3.0 | 3.0 |  |" in text
    assert "| messages delivered once more, shuffled | 3 |" in text
    assert "seed 7" in text


def test_report_of_a_bad_end_names_each_finding() -> None:
    evidence = sound(runs=(run(receipt=None),), receipts=())
    bad = replace(outcome(), evidence=evidence, findings=judge(evidence))

    assert "**something was not kept**: 1 lost" in report.as_markdown(bad)
    assert "- lost: every run has a receipt" in report.as_markdown(bad)
    assert report.as_json(bad)["faults"] == {"lost": 1, "doubled": 0, "wrong": 0, "stuck": 0}


def test_report_for_machines_is_json() -> None:
    told = json.loads(json.dumps(report.as_json(outcome())))

    assert told["ok"] is True
    assert told["done"] == {"fail xero": 1, "kill notifier": 1}
