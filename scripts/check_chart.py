"""Checks the Helm chart: renders it, holds the outcome against Kubernetes' schemas and our rules."""

import sys
from collections.abc import Iterator

from chart.doors import wrong_doors
from chart.helm import CHART, Manifest, RefusedError, find_helm
from chart.network import COMPONENT, unguarded, wrong_ways
from chart.refusals import wrongly_taken
from chart.rules import broken_rules
from chart.schemas import misfits
from chart.settings import SERVICES, wrong_offers, wrong_settings
from chart.setup_job import wrong_setup

VALUES = {file.stem: file for file in sorted((CHART / "ci").glob("*.yaml"))}


def main() -> int:
    problems = list(wrong_offers())
    helm = find_helm()
    rendered: dict[str, list[Manifest]] = {}
    for name, file in VALUES.items():
        try:
            helm.lint(file)
            rendered[name] = helm.render(file)
        except RefusedError as error:
            problems.append(f"{file.name}: {error}")
    for name, manifests in rendered.items():
        problems += [f"{name}: {told}" for told in _wrong(manifests)]
    problems += misfits([one for manifests in rendered.values() for one in manifests])
    problems += [f"production: {told}" for told in wrong_ways(rendered.get("production", []))]
    problems += wrongly_taken(helm, VALUES["minimal"])
    for problem in problems:
        print(problem)
    count = sum(map(len, rendered.values()))
    print(f"{count} manifests of {len(rendered)} sets of values: {len(problems)} problems")
    return 1 if problems else 0


def _wrong(manifests: list[Manifest]) -> Iterator[str]:
    yield from broken_rules(manifests)
    yield from wrong_setup(manifests)
    yield from wrong_doors(manifests)
    for one in manifests:
        if one["kind"] == "Deployment":
            yield from wrong_settings(one, one["metadata"]["labels"][COMPONENT])
    if any(one["kind"] == "NetworkPolicy" for one in manifests):
        for service in (*SERVICES, "setup"):
            yield from unguarded(manifests, service)


if __name__ == "__main__":
    sys.exit(main())
