"""Does the one host before the services lead each path of their APIs to the service that has it?"""

import json
from collections.abc import Iterator, Mapping, Sequence

from chart.helm import ROOT, Manifest

DOCUMENTS = ROOT / "schemas" / "generated" / "openapi"
PUBLIC, INTERNAL = "/v1/", "/internal/"


def wrong_doors(manifests: Sequence[Manifest]) -> Iterator[str]:
    """A sentence for each path that is led astray."""
    for ingress in (one for one in manifests if one["kind"] == "Ingress"):
        rules = {
            rule["path"]: rule["backend"]["service"]["name"]
            for rule in ingress["spec"]["rules"][0]["http"]["paths"]
        }
        for document in sorted(DOCUMENTS.glob("*.json")):
            for path in json.loads(document.read_text())["paths"]:
                led_to = _led_to(path, rules)
                if path.startswith(PUBLIC) and not (led_to or "").endswith(f"-{document.stem}"):
                    yield f"{path} of {document.stem} is led to {led_to}"
                if path.startswith(INTERNAL) and led_to is not None:
                    yield f"{path} of {document.stem} can be reached from outside"


def _led_to(path: str, rules: Mapping[str, str]) -> str | None:
    """By the longest prefix of whole segments."""
    fitting = [rule for rule in rules if f"{path}/".startswith(f"{rule.rstrip('/')}/")]
    return rules[max(fitting, key=len)] if fitting else None
