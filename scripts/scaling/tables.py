"""The tables of docs/scaling.md."""

from collections.abc import Callable, Mapping, Sequence

from scaling import inputs
from scaling.bounds import of_all, of_one_account
from scaling.plan import Plan

Plans = Sequence[Plan]


def measured(_: Plans) -> str:
    ours = sum(inputs.CPU_MS_A_JOB.values())
    embedded = f"{inputs.BROKER_CPU_MS_A_JOB}, {inputs.DATABASE_CPU_MS_A_JOB}"
    rows = [[name, f"{ms:.2f}"] for name, ms in inputs.CPU_MS_A_JOB.items()]
    rows += [
        ["**all our services**", f"**{ours:.2f}** (aimed at {inputs.AIMED_CPU_MS_A_JOB})"],
        ["vault (OpenBao)", f"{inputs.VAULT_CPU_MS_A_JOB:.2f}"],
        ["broker, database (the embedded ones)", embedded],
    ]
    return _table(["process", "CPU ms a job"], rows)


def services(plans: Plans) -> str:
    rows = [
        _row("jobs a second", plans, lambda plan: f"{plan.jobs_a_second:.2f}"),
        _row("readings at once", plans, lambda plan: f"{plan.readings_at_once:.1f}"),
        _row("`SLOTS` of sync-orchestrator", plans, lambda plan: str(plan.slots)),
        *[_row(f"replicas: {name}", plans, _replicas(name)) for name in inputs.CPU_MS_A_JOB],
        _row("partitions", plans, lambda plan: str(plan.partitions)),
        _row("cores busy at night, ours", plans, lambda plan: f"{plan.all_cores:.1f}"),
        _row("our pods: cores they request", plans, lambda plan: f"{plan.requested_cores:.1f}"),
        _row("our pods: memory they request", plans, lambda plan: f"{plan.memory_gb:.1f} GB"),
        _row("our pods: € a month", plans, lambda plan: f"{plan.euros_a_month:.0f}"),
    ]
    return _table(["", *_sizes(plans)], rows)


def servers(plans: Plans) -> str:
    rows = [
        _row("MongoDB: documents written, read a second", plans, _traffic),
        _row("seconds between two `run.progress` of a run", plans, lambda plan: str(plan.progress_every_s)),
        _row("MongoDB: cores", plans, _cores(inputs.DATABASE_CPU_MS_A_JOB)),
        _row("MongoDB: jobs a night", plans, lambda plan: _gb(plan.jobs_gb_a_night)),
        _row("MongoDB: history a night", plans, lambda plan: _gb(plan.history_gb_a_night)),
        _row("MongoDB: summaries a year", plans, lambda plan: _gb(plan.summaries_gb_a_year)),
        _row(f"MongoDB: all of it after {inputs.KEPT_NIGHTS} nights", plans, lambda plan: _gb(plan.kept_gb)),
        _row("Kafka: messages a second", plans, lambda plan: f"{plan.messages_a_second:.1f}"),
        _row("Kafka: a night, one copy", plans, lambda plan: _gb(plan.kafka_gb_a_night)),
        _row("Vault: cores", plans, _cores(inputs.VAULT_CPU_MS_A_JOB)),
    ]
    return _table(["", *_sizes(plans)], rows)


def providers(_: Plans) -> str:
    rows = []
    for provider in sorted(inputs.CALLS):
        bound = of_all(provider)
        told = "nothing known" if bound is None else f"{bound[0]:,.0f}: {bound[1]}"
        rows.append([provider.value, str(inputs.CALLS[provider]), f"{of_one_account(provider):,.0f}", told])
    return _table(
        ["system", "calls a job", "jobs of one account a night", "connections a night, all together"], rows
    )


TABLES: Mapping[str, Callable[[Plans], str]] = {
    "measured": measured,
    "services": services,
    "servers": servers,
    "providers": providers,
}


def _replicas(name: str) -> Callable[[Plan], str]:
    return lambda plan: str(plan.replicas(name))


def _traffic(plan: Plan) -> str:
    jobs = plan.jobs_a_second
    return f"{jobs * inputs.WRITES_A_JOB:.1f}, {jobs * inputs.READS_A_JOB:.1f}"


def _cores(ms_a_job: float) -> Callable[[Plan], str]:
    return lambda plan: f"{plan.jobs_a_second * ms_a_job / 1000:.2f}"


def _sizes(plans: Plans) -> list[str]:
    return [f"{plan.connections:,}" for plan in plans]


def _row(name: str, plans: Plans, value: Callable[[Plan], str]) -> list[str]:
    return [name, *map(value, plans)]


def _gb(amount: float) -> str:
    return f"{amount:.0f} GB" if amount >= 10 else f"{amount:.2g} GB"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
