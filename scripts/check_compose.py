"""Checks docker-compose.yml against the Compose specification, as the Compose tool ships its JSON Schema."""

import json
import sys
from pathlib import Path

import yaml
from jsonschema import Draft7Validator
from pinned_wheels import open_wheel

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
    with open_wheel(PACKAGE, SHA256) as files:
        return dict(json.loads(files.read(SCHEMA)))


if __name__ == "__main__":
    sys.exit(main())
