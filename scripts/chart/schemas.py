"""Do manifests have the form that Kubernetes takes? By its own schemas, without unknown fields."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator
from pinned_wheels import open_wheel
from referencing import Registry, Resource

from chart.helm import Manifest

PACKAGE = "kubernetes-validate==1.37.0"
SHA256 = "85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9"
VERSIONS = ("1.29.0", "1.37.0")  # the oldest that Chart.yaml takes, and the newest that is known
KEDA = json.loads(Path(__file__).with_name("keda.schema.json").read_text())

Validators = dict[tuple[str, str], Any]


def misfits(manifests: Sequence[Manifest]) -> Iterator[str]:
    """What does not fit, a sentence each."""
    for manifest in manifests:
        if manifest["apiVersion"].startswith("keda.sh/"):
            yield from _told(manifest, Draft7Validator(KEDA[manifest["kind"]]), "KEDA")
    ours = [each for each in manifests if not each["apiVersion"].startswith("keda.sh/")]
    with open_wheel(PACKAGE, SHA256) as files:
        for version in VERSIONS:
            folder = f"kubernetes_validate/kubernetes-json-schema/v{version}-local-strict"
            definitions: Resource[Any] = Resource.from_contents(
                json.loads(files.read(f"{folder}/_definitions.json"))
            )
            registry: Registry[Any] = definitions @ Registry()
            validators = {
                name: Draft202012Validator(json.loads(files.read(f"{folder}/{name}.json")), registry=registry)
                for name in {_file(manifest) for manifest in ours}
            }
            for manifest in ours:
                yield from _told(manifest, validators[_file(manifest)], f"Kubernetes {version}")


def _file(manifest: Manifest) -> str:
    """deployment-apps-v1, service-v1, networkpolicy-networking-v1."""
    group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", manifest["apiVersion"])
    return f"{manifest['kind'].lower()}-{group}"


def _told(manifest: Manifest, validator: Any, what: str) -> Iterator[str]:
    for error in validator.iter_errors(manifest):
        name = f"{manifest['kind']} {manifest['metadata']['name']}"
        yield f"{name} is not what {what} takes: {error.json_path}: {error.message}"
