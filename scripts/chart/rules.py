"""What has to hold of every pod and deployment, whatever the values."""

from collections.abc import Iterator, Sequence

from sync_contracts.jobs import JobRequested

from chart.helm import Manifest
from chart.network import COMPONENT
from chart.settings import SERVICES, open_secrets

CLEAN_STOP_S = 30


def broken_rules(manifests: Sequence[Manifest]) -> Iterator[str]:
    deployments = {one["metadata"]["labels"][COMPONENT]: one for one in _of(manifests, "Deployment")}
    if set(deployments) != set(SERVICES):
        yield f"there are deployments of {sorted(deployments)}, not of {sorted(SERVICES)}"
    for name, one in deployments.items():
        yield from (f"{name}: {told}" for told in _deployment(one, manifests))
    for one in [*deployments.values(), *_of(manifests, "Job")]:
        yield from (
            f"{one['metadata']['name']}: {told}" for told in _pod(one["spec"]["template"]["spec"], manifests)
        )
    for one in _of(manifests, "ScaledObject"):
        yield from _scaling(one, deployments["connector-workers"])


def _deployment(one: Manifest, manifests: Sequence[Manifest]) -> Iterator[str]:
    spec, pod = one["spec"], one["spec"]["template"]["spec"]
    selector = spec["selector"]["matchLabels"]
    container = pod["containers"][0]
    if spec["strategy"]["rollingUpdate"] != {"maxUnavailable": 0, "maxSurge": 1}:
        yield "an update may take replicas away"
    pause_s = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    if pod["terminationGracePeriodSeconds"] < CLEAN_STOP_S + pause_s:
        yield "it may be killed before it has stopped in order"
    for probe, path in {"startup": "/live", "liveness": "/live", "readiness": "/ready"}.items():
        if container.get(f"{probe}Probe", {}).get("httpGet", {}).get("path") != path:
            yield f"its {probe} probe does not ask {path}"
    if [each["labelSelector"]["matchLabels"] for each in pod["topologySpreadConstraints"]] != [selector] * 2:
        yield "its replicas are not spread"
    if not any(
        each["spec"]["selector"]["matchLabels"] == selector for each in _of(manifests, "PodDisruptionBudget")
    ):
        yield "it has no disruption budget"
    if not selector.items() <= spec["template"]["metadata"]["labels"].items():
        yield "it does not select its own pods"
    url = next((each["value"] for each in container["env"] if each["name"].endswith("CREDENTIALS_URL")), None)
    services = {f"http://{each['metadata']['name']}:8000" for each in _of(manifests, "Service")}
    if url is not None and url not in services:
        yield f"{url} is no Service"


def _pod(pod: Manifest, manifests: Sequence[Manifest]) -> Iterator[str]:
    security = pod["securityContext"]
    if not (security.get("runAsNonRoot") and security.get("runAsUser") and security.get("runAsGroup")):
        yield "it may run as root"
    if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "it has no seccomp profile"
    if pod["automountServiceAccountToken"] is not False:
        yield "it gets a token of the cluster's API"
    if pod["serviceAccountName"] not in {one["metadata"]["name"] for one in _of(manifests, "ServiceAccount")}:
        yield f"there is no account {pod['serviceAccountName']}"
    volumes = {one["name"] for one in pod["volumes"]}
    for container in pod["containers"]:
        yield from _container(container)
        if {one["name"] for one in container["volumeMounts"]} != volumes:
            yield "its volumes are not what it mounts"


def _container(container: Manifest) -> Iterator[str]:
    security = container["securityContext"]
    if not security.get("readOnlyRootFilesystem"):
        yield "its file system can be written"
    if security.get("allowPrivilegeEscalation") is not False or security.get("capabilities") != {
        "drop": ["ALL"]
    }:
        yield "it may gain rights"
    for kind in ("requests", "limits"):
        if set(container["resources"].get(kind, {})) != {"cpu", "memory"}:
            yield f"its {kind} are missing"
    if ":" not in container["image"] or container["image"].endswith(":latest"):
        yield "its image has no version"
    names = [one["name"] for one in container["env"]]
    yield from (f"{name} is set twice" for name in {name for name in names if names.count(name) > 1})
    yield from open_secrets(container)


def _scaling(scaled: Manifest, workers: Manifest) -> Iterator[str]:
    spec = scaled["spec"]
    followed = spec["triggers"][0]["metadata"]
    if (followed["topic"], followed["consumerGroup"]) != (
        JobRequested.topic,
        f"connector-workers.{JobRequested.topic}",
    ):
        yield "KEDA follows another consumer than the workers"
    if spec["scaleTargetRef"]["name"] != workers["metadata"]["name"] or "replicas" in workers["spec"]:
        yield "KEDA and the deployment both say how many workers there are"


def _of(manifests: Sequence[Manifest], kind: str) -> list[Manifest]:
    return [one for one in manifests if one["kind"] == kind]
