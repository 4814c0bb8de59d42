"""Who may reach whom, worked out from the network policies as a cluster would."""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address, ip_network

from chart.helm import Manifest

COMPONENT = "app.kubernetes.io/component"
INSTANCE = "app.kubernetes.io/instance"
EVERYBODY = {"credentials", "sync-orchestrator", "connector-workers", "summary-writer", "notifier", "setup"}
AT_VAULT = EVERYBODY - {"summary-writer"}
# With production.yaml, which names every server.
REACHED_BY: dict[tuple[str, int], set[str]] = {
    ("10.1.0.5", 9096): EVERYBODY,  # Kafka
    ("10.1.1.5", 27017): EVERYBODY - {"connector-workers", "setup"},  # MongoDB
    ("10.1.2.7", 443): AT_VAULT,
    ("10.1.2.8", 443): set(),  # beside Vault
    ("10.1.3.5", 443): EVERYBODY - {"connector-workers", "setup"},  # keys of people's tokens
    ("93.184.215.14", 443): {"credentials", "connector-workers", "notifier"},  # accounting systems, webhooks
    ("2606:2800::1", 443): {"credentials", "connector-workers", "notifier"},
    ("93.184.215.14", 8443): {"notifier"},
    ("93.184.215.14", 80): set(),
    ("10.9.9.9", 443): set(),
    ("192.168.1.1", 443): set(),
    ("172.20.0.1", 443): set(),  # such as the cluster's API
    ("169.254.169.254", 443): set(),  # a cloud's metadata
    ("169.254.169.254", 80): set(),
    ("100.64.0.1", 443): set(),
    ("fd00::1", 443): set(),
}
CALLED_BY: dict[str, set[str]] = {
    "credentials": {"sync-orchestrator", "connector-workers"},
    "sync-orchestrator": set(),
    "connector-workers": set(),
    "summary-writer": set(),
    "notifier": set(),
    "setup": set(),
}


def wrong_ways(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Every way that is open and should not be, or the other way round."""
    policies = {one["spec"]["podSelector"]["matchLabels"].get(COMPONENT): one for one in _policies(manifests)}
    for (address, port), wanted in REACHED_BY.items():
        found = {name for name, one in policies.items() if name and _reaches(one, address, port)}
        if found != wanted:
            yield f"{address}:{port} is reached by {sorted(found)}, not by {sorted(wanted)}"
    for name, wanted in CALLED_BY.items():
        found = set(_callers(policies[name]))
        if found != wanted:
            yield f"{name} is called by {sorted(found)}, not by {sorted(wanted)}"
    for name, one in policies.items():
        for called in _called(one):
            if name not in CALLED_BY[called]:
                yield f"{name} may call {called}, which does not listen to it"


def unguarded(manifests: Sequence[Manifest], component: str) -> Iterator[str]:
    """Nothing is open by default, and the component has a policy of its own."""
    selected = [one["spec"]["podSelector"]["matchLabels"] for one in _policies(manifests)]
    if not any(COMPONENT not in labels and INSTANCE in labels for labels in selected):
        yield "there is no policy that denies everything"
    if not any(labels.get(COMPONENT) == component for labels in selected):
        yield f"{component} has no network policy"


def _policies(manifests: Iterable[Manifest]) -> list[Manifest]:
    return [one for one in manifests if one["kind"] == "NetworkPolicy"]


def _reaches(policy: Manifest, address: str, port: int) -> bool:
    ip = ip_address(address)
    for rule in policy["spec"].get("egress", []):
        open_port = "ports" not in rule or port in [one["port"] for one in rule["ports"]]
        blocks = [peer["ipBlock"] for peer in rule.get("to", []) if "ipBlock" in peer]
        inside = any(
            ip in ip_network(block["cidr"])
            and not any(ip in ip_network(no) for no in block.get("except", []))
            for block in blocks
        )
        if open_port and (inside or "to" not in rule):
            return True
    return False


def _callers(policy: Manifest) -> Iterator[str]:
    for rule in policy["spec"].get("ingress", []):
        yield from _components(rule["from"])


def _called(policy: Manifest) -> Iterator[str]:
    for rule in policy["spec"].get("egress", []):
        yield from _components(rule.get("to", []))


def _components(peers: Iterable[Manifest]) -> Iterator[str]:
    for peer in peers:
        if component := peer.get("podSelector", {}).get("matchLabels", {}).get(COMPONENT):
            yield component
