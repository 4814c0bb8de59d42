"""Helm itself, built from its released source by Go and kept under .ledgerbus/helm."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import yaml

VERSION = "v3.22.0"
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
    """The cached program; SystemExit where it has to be built and Go is missing."""
    program = ROOT / ".ledgerbus" / "helm" / VERSION / "helm"
    if not program.exists():
        _build(program)
    return Helm(program)


def _build(program: Path) -> None:
    go = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if go is None:
        raise SystemExit("Helm has to be built once and needs Go: https://go.dev/dl")
    print(f"building Helm {VERSION}, once: two to three minutes on two cores", flush=True)
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        # Unoptimised and without collecting garbage it compiles in two thirds of the time.
        settings = {"GOBIN": folder, "GOGC": "off", "CGO_ENABLED": "0"}
        package = f"helm.sh/helm/v3/cmd/helm@{VERSION}"
        command = [go, "install", "-ldflags=-s", "-gcflags=all=-N -l", package]
        subprocess.run(command, check=True, env={**os.environ, **settings}, timeout=1200)
        Path(folder, "helm").replace(program)


def _files(values: tuple[Path, ...]) -> list[str]:
    return [argument for file in values for argument in ("--values", str(file))]
