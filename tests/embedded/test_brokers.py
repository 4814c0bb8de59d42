"""Which broker the stack runs is chosen by name."""

import pytest
from sandbox.embedded import BrokerKind, EmbeddedError, chosen_broker
from sandbox.embedded.brokers import VARIABLE


@pytest.mark.parametrize(
    ("named", "chosen"),
    [("kafka", BrokerKind.KAFKA), ("tansu", BrokerKind.TANSU), ("", BrokerKind.TANSU)],
)
def test_the_environment_names_the_broker(
    named: str, chosen: BrokerKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, named)

    assert chosen_broker() is chosen


def test_an_unknown_broker_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "rabbit")

    with pytest.raises(EmbeddedError, match="tansu or kafka, not rabbit"):
        chosen_broker()
