"""How a run ended, in one sentence."""

from sync_contracts.runs import RunEnding, RunOutcome

_OPENINGS = {
    RunEnding.COMPLETED: "Everything was read",
    RunEnding.COMPLETED_WITH_PROBLEMS: "Not everything could be read",
    RunEnding.FAILED: "Nothing could be read",
    RunEnding.CANCELLED: "The run was cancelled",
    RunEnding.EXPIRED: "The run reached its deadline",
}


def outcome_sentence(run: RunOutcome) -> str:
    """Such as "Everything was read (1 client, 12 months): 10 written, 2 unchanged."."""
    scope = f"{_number(run.clients, 'client')}, {_number(len(run.months), 'month')}"
    endings = ", ".join(f"{number} {name}" for name, number in run.counts.model_dump().items() if number)
    advice = "; each client's line says what to do" if run.counts.skipped or run.counts.failed else ""
    return f"{_OPENINGS[run.ending]} ({scope}){': ' if endings else ''}{endings}{advice}."


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
