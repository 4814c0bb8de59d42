"""`ledgerbus load` measures a small bulk on a system of its own."""

from pathlib import Path

import pytest
from ledgerbus_cli.system import PROCESSES
from support.command import ledgerbus

pytestmark = pytest.mark.e2e


def test_a_bulk_and_a_single_run_are_measured(tmp_path: Path) -> None:
    load = ("--clients", 3, "--months", 2, "--call-ms", 150, "--slots", 1, "--singles", 1)
    answer = ledgerbus("load", *load, "--data", tmp_path, "--json")

    assert answer.exit_code == 0
    told = answer.json
    assert (told["jobs"], told["calls_a_job"], told["slots"], told["faults"]) == (6, 5.0, 1, [])
    # With one slot a bulk has one job out at a time, and a job makes its calls one after another.
    assert told["bulk_s"] >= 6 * 5 * 0.150
    assert 0 < told["first_start_s"] <= told["bulk_s"]
    assert told["jobs_a_second"] == pytest.approx(6 / told["bulk_s"], rel=0.05)
    assert told["processes"].keys() == set(PROCESSES)
    assert all(process["mb_peak"] > 0 for process in told["processes"].values())
    assert told["single_ms"]["median"] > 0
