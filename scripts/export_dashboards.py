"""Writes deploy/grafana/dashboards from scripts/dashboards.

`--check` writes nothing and exits with 1 when a committed file differs.
"""

import json
import sys
from pathlib import Path

from dashboards.kafka_and_services import KAFKA_AND_SERVICES
from dashboards.one_company import ONE_COMPANY
from dashboards.one_run import ONE_RUN
from dashboards.overview import OVERVIEW
from dashboards.providers import PROVIDERS

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "deploy" / "grafana" / "dashboards"


def main() -> int:
    files = {
        FOLDER / f"{page.uid.removeprefix('ledgerbus-')}.json": json.dumps(page.as_json(), indent=1) + "\n"
        for page in (OVERVIEW, PROVIDERS, KAFKA_AND_SERVICES, ONE_RUN, ONE_COMPANY)
    }
    differing = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
    left_over = sorted(set(FOLDER.glob("*.json")) - files.keys())
    if "--check" in sys.argv:
        for path in [*differing, *left_over]:
            print(f"{path.relative_to(ROOT)} does not equal scripts/dashboards: run `make dashboards`")
        return 1 if differing or left_over else 0
    for path in left_over:
        path.unlink()
    for path in differing:
        path.write_text(files[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
