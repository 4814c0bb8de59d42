"""Prometheus' own programs: those of the machine, else Debian's package, unpacked and not installed."""

import shutil
import subprocess
from pathlib import Path


def program(name: str, folder: Path) -> str:
    """`prometheus` or `promtool`; what has to be fetched goes into the folder."""
    if found := shutil.which(name):
        return found
    unpacked = folder / "prometheus" / "usr" / "bin" / name
    if not unpacked.exists():
        _fetch(folder / "prometheus")
    return str(unpacked)


def _fetch(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _run(folder, "apt-get", "download", "prometheus")
        _run(folder, "dpkg", "-x", str(next(folder.glob("*.deb"))), ".")
    except (OSError, subprocess.CalledProcessError, StopIteration) as error:
        raise SystemExit(f"Prometheus is needed; on Debian: apt-get install prometheus ({error})") from None


def _run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, timeout=600, capture_output=True)
