"""Values that must not be rendered, and what is said of them."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from chart.helm import Helm, RefusedError

REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"kafka": {"bootstrapServers": "kafka"}}, "- kafka.bootstrapServers"),
    ({"kafka": {"secret": ""}}, "- kafka.secret"),
    ({"kafka": {"securityProtocol": "PLAINTEXT", "caSecret": "ca"}}, "- kafka.caSecret"),
    ({"mongo": {"secret": ""}}, "- mongo.secret"),
    ({"mongo": {"url": "mongodb://user:password@mongo"}}, "property url is not"),
    ({"vault": {"address": "vault:8200"}}, "- vault.address"),
    ({"vault": {"auth": {"method": "token"}}}, "- vault.auth.method"),
    ({"vault": {"auth": {"method": "approle"}}}, "- vault.auth.secretIds"),
    ({"ingress": {"enabled": True}}, "- ingress.host"),
    (
        {"services": {"connector-workers": {"settings": {"SLOT": 500}}}},
        'Property name of "SLOT"',
    ),
    ({"services": {"notifier": {"replica": 2}}}, "property replica is not"),
    ({"services": {"notifier": {"resources": {"limits": {"cpu": "much"}}}}}, "- services.notifier.resources"),
    ({"networkPolicy": {"callers": ["10.0.0.0/8"]}}, "- networkPolicy.callers"),
    ({"telemetry": {"settings": {"OTEL_EXPORTER_OTLP_HEADERS": "key"}}}, "OTEL_EXPORTER_OTLP_HEADERS"),
    ({"replicas": 3}, "property replicas is not"),
    ({"services": {"notifier": {"replicas": 12}}}, "more than kafka.partitions"),
    ({"autoscaling": {"kind": "keda", "maxReplicas": 12}}, "more than kafka.partitions"),
    ({"services": {"sync-orchestrator": {"settings": {"SLOTS": 500}}}}, "a client alone would wait"),
    (
        {
            "services": {"sync-orchestrator": {"settings": {"SLOTS": 500}}},
            "autoscaling": {"kind": "hpa", "minReplicas": 2, "maxReplicas": 4},
        },
        "a client alone would wait",
    ),
    ({"autoscaling": {"kind": "keda", "lagPerReplica": 200}}, "nothing would scale"),
    ({"autoscaling": {"kind": "hpa", "minReplicas": 9}}, "minReplicas is above maxReplicas"),
)


def wrongly_taken(helm: Helm, good: Path) -> Iterator[str]:
    """Each of them on top of values that are good."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "wrong.yaml"
        for wrong, told in REFUSED:
            file.write_text(yaml.safe_dump(wrong))
            try:
                helm.render(good, file)
            except RefusedError as error:
                if told not in str(error):
                    yield f"{wrong} is refused without {told!r}: {error}"
            else:
                yield f"{wrong} is not refused"
