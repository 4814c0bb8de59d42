"""Checks docker-compose.yml against the Compose specification and against our own rules."""

import json
import sys
from pathlib import Path

import yaml
from compose_rules import broken_rules
from jsonschema.validators import validator_for
from pinned_wheels import open_wheel

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
    with open_wheel(PACKAGE, SHA256) as files:
        return dict(json.loads(files.read(SCHEMA)))


if __name__ == "__main__":
    sys.exit(main())
