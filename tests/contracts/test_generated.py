"""Committed contract files equal the code's."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_generated_files_equal_the_code() -> None:
    check = subprocess.run(
        [sys.executable, ROOT / "scripts" / "export_contracts.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert check.returncode == 0, check.stdout + check.stderr
