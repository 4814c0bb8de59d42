"""Asks PyPI's advisories about every locked package; 1 when one is vulnerable.

Where the advisories are out of reach it says so and answers 0: nothing was found out then, good or bad.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
_COMMAND = ("pip_audit", "--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json")


def main() -> int:
    done = subprocess.run(
        [sys.executable, "-m", *_COMMAND, "-r", str(ROOT / "requirements.lock")],
        check=False,
        capture_output=True,
        text=True,
    )
    return told(done.stdout, done.stderr)


def told(output: str, errors: str) -> int:
    """Prints what an audit found; its exit code."""
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError):
        reason = (errors.strip().splitlines() or ["no answer"])[-1]
        print(f"NOT AUDITED: the advisories are out of reach: {reason}")
        return 0
    unknown = [one["name"] for one in packages if "skip_reason" in one]
    vulnerable = [one for one in packages if one.get("vulns")]
    for one in vulnerable:
        for advisory in one["vulns"]:
            fixed = ", ".join(advisory["fix_versions"]) or "no version yet"
            print(f"{one['name']} {one['version']}: {advisory['id']}, mended in {fixed}")
    if unknown:
        print(f"NOT AUDITED: nothing is known here of {len(unknown)} of {len(packages)} packages")
    else:
        print(f"audited: {len(packages)} packages, {len(vulnerable)} vulnerable")
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main())
