"""`ledgerbus load` measures a small bulk on a system of its own."""

from pathlib import Path

import pytest
from ledgerbus_cli.system import PROCESSES
from support.command import ledgerbus

pytestmark = pytest.mark.e2e


def test_a_bulk_and_a_single_run_are_measured(tmp_path: Path) -> None:
    answer = ledgerbus(
        "load", "--clients", 3, "--months", 2, "--slots", 5, "--singles", 1, "--data", tmp_path, "--json"
    )

    assert answer.exit_code == 0
    told = answer.json
    assert (told["jobs"], told["calls_a_job"], told["slots"], told["faults"]) == (6, 5.0, 5, [])
    assert 0 < told["first_start_s"] <= told["bulk_s"]
    assert told["jobs_a_second"] == pytest.approx(6 / told["bulk_s"], rel=0.05)
    assert told["processes"].keys() == set(PROCESSES)
    assert all(process["mb_peak"] > 0 for process in told["processes"].values())
    assert told["single_ms"]["median"] > 0
