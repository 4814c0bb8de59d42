"""A process dies at the point that it was told to, once, and nowhere else."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

DOOMED = """
import sys
from pathlib import Path
from service_kit import crash_points

crash_points.obey(Path(sys.argv[1]))
for point in ("job_started", "job_counted"):
    crash_points.reached(point)
print("alive")
"""


def run(file: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", DOOMED, str(file)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.mark.parametrize(("order", "ending"), [("job_counted", -signal.SIGKILL), ("run_opened", 0), ("", 0)])
def test_an_order_in_a_file_is_carried_out_at_its_point(tmp_path: Path, order: str, ending: int) -> None:
    file = tmp_path / "crash-at"
    if order:
        file.write_text(order)

    died, again = (run(file) for _ in range(2))

    assert died.returncode == ending
    assert again.stdout == "alive\n"
