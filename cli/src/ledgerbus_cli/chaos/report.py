"""The report of a chaos: Markdown to keep, JSON for machines."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ledgerbus_cli.chaos.conduct import Outcome
from ledgerbus_cli.chaos.evidence import Evidence
from ledgerbus_cli.chaos.findings import Fault

_SHOWN = 50


def as_json(outcome: Outcome) -> dict[str, Any]:
    """All figures; `findings` is empty when every promise was kept."""
    evidence = outcome.evidence
    return {
        "seed": outcome.seed,
        "minutes": outcome.minutes,
        "broker": outcome.broker,
        "machine": outcome.machine,
        "ok": not outcome.findings,
        "seconds": {name: round(seconds, 1) for name, seconds in outcome.seconds.items()},
        "done": _done(evidence),
        "messages_repeated": outcome.repeated,
        "recovery": [
            {
                "kind": one.kind,
                "target": one.target,
                "times": one.times,
                "median_s": one.median_s,
                "longest_s": one.longest_s,
                "without": one.without,
            }
            for one in outcome.recoveries
        ],
        "figures": _figures(evidence),
        "faults": _faults(outcome),
        "findings": [{"fault": one.fault, "rule": one.rule, "told": one.told} for one in outcome.findings],
    }


def as_markdown(outcome: Outcome) -> str:
    """Figures, then what was done, then how long it took to get on, then what was found."""
    evidence, figures = outcome.evidence, _figures(outcome.evidence)
    faults = _faults(outcome)
    verdict = "everything was kept" if not outcome.findings else "**something was not kept**"
    parts = [
        f"# Chaos: {outcome.minutes:g} minutes on the {outcome.broker} broker, seed {outcome.seed}",
        f"{verdict.capitalize() if not outcome.findings else verdict}: "
        + ", ".join(f"{number} {fault}" for fault, number in faults.items())
        + ".",
        "## What went on",
        _table(("figure", "number"), figures.items()),
        "## What was done",
        _table(
            ("disturbance", "times"),
            [*_done(evidence).items(), ("messages delivered once more, shuffled", outcome.repeated)],
        ),
        "## How long it took to get on",
        "From the signal (kill, restart) or the end of the trouble (the others) to the next sign of work "
        "of that part; for servers, of who needs them.",
        _table(
            ("disturbance", "times", "median, s", "longest, s", "nothing left to do"),
            (
                (
                    f"{one.kind} {one.target}",
                    one.times,
                    _s(one.median_s),
                    _s(one.longest_s),
                    one.without or "",
                )
                for one in outcome.recoveries
            ),
        ),
        "## What was found",
        "\n".join(f"- {one}" for one in outcome.findings[:_SHOWN]) or "Nothing.",
    ]
    if len(outcome.findings) > _SHOWN:
        parts.append(f"… and {len(outcome.findings) - _SHOWN} more.")
    spent = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in outcome.seconds.items())
    return "\n\n".join([*parts, f"Time: {spent}. Machine: {outcome.machine}."]) + "\n"


def _done(evidence: Evidence) -> dict[str, int]:
    times = Counter(str(one.blow) for one in evidence.done)
    return dict(sorted(times.items()))


def _figures(evidence: Evidence) -> dict[str, int]:
    jobs = [job for run in evidence.runs for job in run.jobs]
    endings = Counter(str(job.ending or "open") for job in jobs)
    wanted = {"requests": len(evidence.asked), "runs": len(evidence.runs), "jobs": len(jobs)}
    return {
        **wanted,
        **{f"jobs {ending}": number for ending, number in sorted(endings.items())},
        "attempts": sum(job.attempt for job in jobs),
        "requests that joined a run": len({one.request_id for one in evidence.answered if one.joined}),
        "requests refused": len({one.request_id for one in evidence.answered if one.code}),
        "receipts heard": len(evidence.receipts),
        "readings begun": len(evidence.started),
        "months read": len(evidence.counted),
        "summaries": len(evidence.summaries),
        "writes": len(evidence.history),
        "provider calls": sum(one.made for one in evidence.calls.values()),
        "connections whose renewal was cut off": len(evidence.cut_off),
        "connections deleted": len(evidence.deleted),
    }


def _faults(outcome: Outcome) -> dict[str, int]:
    found = Counter(one.fault for one in outcome.findings)
    return {fault.value: found[fault] for fault in Fault}


def _table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _s(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"
