"""Writes the tables of docs/scaling.md from what was measured: `scripts/scaling_table.py [--check]`.

Renew a measurement in `scaling/inputs.py`, run this, and commit both.
"""

import sys
from pathlib import Path

from scaling.inputs import FIRMS
from scaling.plan import plan_for
from scaling.tables import TABLES

DOCUMENT = Path(__file__).parent.parent / "docs" / "scaling.md"


def main(arguments: list[str]) -> int:
    text = DOCUMENT.read_text()
    renewed = written(text)
    if "--check" in arguments:
        if renewed != text:
            print("docs/scaling.md is not what scripts/scaling_table.py writes")
        return int(renewed != text)
    DOCUMENT.write_text(renewed)
    return 0


def written(text: str) -> str:
    """The document with each table between its two marks written anew."""
    plans = [plan_for(connections) for connections in FIRMS]
    for name, table in TABLES.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise SystemExit(f"docs/scaling.md has no {begin.strip()} … {end}")
        text = f"{before}{begin}{table(plans)}\n{end}{after}"
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
