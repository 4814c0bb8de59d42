"""What a load has shown, for machines and for a person."""

import os
import platform
import statistics
from typing import Any

import psutil
from rich.console import Group, RenderableType
from rich.text import Text

from ledgerbus_cli.load.load import Measured
from ledgerbus_cli.tables import plain_table

TARGET_MS = 4.0
TARGET_MS_A_CALL = 0.5

Json = dict[str, Any]


def as_json(measured: Measured) -> Json:
    """For machines."""
    wish = measured.wish
    return {
        "machine": machine(),
        "provider": wish.provider,
        "clients": wish.clients,
        "months": wish.months,
        "call_ms": wish.call_ms,
        "workers": wish.workers,
        "slots": wish.slots,
        "broker": wish.broker,
        "jobs": measured.jobs,
        "provider_calls": measured.calls,
        "calls_a_job": round(measured.calls_a_job, 2),
        "connect_s": round(measured.connect_s, 1),
        "bulk_s": round(measured.bulk_s, 2),
        "first_start_s": round(measured.first_start_s, 3),
        "jobs_a_second": round(measured.jobs_a_second, 1),
        "own_cpu_ms_a_job": round(measured.own_cpu_ms_a_job, 2),
        "target_cpu_ms_a_job": round(target_ms(measured), 2),
        "processes": {name: _process(measured, name) for name in measured.meters},
        "single_ms": _single_ms(measured),
        "faults": measured.faults,
    }


def as_text(measured: Measured) -> RenderableType:
    """For a person."""
    wish = measured.wish
    table = plain_table("process", "CPU ms a job", "MB at the start", "half way", "at the end", "peak")
    for name in measured.meters:
        cost, *megabytes = _process(measured, name).values()
        table.add_row(name, f"{cost:.2f}", *(f"{mb:.0f}" for mb in megabytes))
    lines = [
        f"{wish.clients:,} clients of {wish.provider}, {wish.months} months, {wish.call_ms:.0f} ms a call, "
        f"{wish.workers} worker{'s' if wish.workers > 1 else ''}, "
        f"{f'{wish.slots} slots, ' if wish.slots else ''}broker {wish.broker}; "
        f"{machine()}",
        f"{measured.jobs:,} jobs in {measured.bulk_s:.1f} s: {measured.jobs_a_second:.1f} a second; "
        f"the first began after {measured.first_start_s:.2f} s",
        f"{measured.calls_a_job:.2f} calls a job; our own services cost "
        f"{measured.own_cpu_ms_a_job:.2f} ms of CPU a job (target {target_ms(measured):.2f})",
    ]
    if measured.single_s:
        told = _single_ms(measured)
        lines.append(
            f"one client alone: {told['median']} ms from request to receipt (least {told['least']}), "
            f"of it {told['provider']} ms the provider's own time"
        )
    faults = [Text(fault, style="red") for fault in measured.faults]
    return Group(*(Text(line) for line in lines), table, *faults)


def target_ms(measured: Measured) -> float:
    """What a job may cost in all services together."""
    return TARGET_MS + TARGET_MS_A_CALL * measured.calls_a_job


def machine() -> str:
    """What it ran on."""
    memory_gb = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory_gb:.0f} GB, Python {platform.python_version()}"


def _process(measured: Measured, name: str) -> dict[str, float]:
    meter = measured.meters[name]
    return {
        "cpu_ms_a_job": round(measured.cpu_ms_a_job(name), 3),
        "mb_at_start": round(meter.rss_mb_at(0), 1),
        "mb_half_way": round(meter.rss_mb_at(0.5), 1),
        "mb_at_end": round(meter.rss_mb_at(1), 1),
        "mb_peak": round(meter.peak_mb, 1),
    }


def _single_ms(measured: Measured) -> dict[str, float]:
    if not measured.single_s:
        return {}
    return {
        "runs": len(measured.single_s),
        "least": round(min(measured.single_s) * 1000),
        "median": round(statistics.median(measured.single_s) * 1000),
        "most": round(max(measured.single_s) * 1000),
        "provider": round(measured.single_answering_s * 1000),
    }
