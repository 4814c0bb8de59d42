"""A summary beside the truth."""

from collections.abc import Mapping
from dataclasses import dataclass

from ledgerbus_cli.service_calls import Json


@dataclass(frozen=True, slots=True)
class Comparison:
    """One month of one client: what was written, what the books say, where they differ."""

    client: str
    month: str
    written: Mapping[str, Json]
    truth: Mapping[str, Json]
    differences: tuple[str, ...]

    def as_json(self) -> Json:
        return {
            "client": self.client,
            "month": self.month,
            "equal": not self.differences,
            "values": {
                metric: {"written": self.written.get(metric), "truth": self.truth.get(metric)}
                for metric in sorted({*self.written, *self.truth})
            },
        }


def compare(
    client: str, month: str, written: Mapping[str, Json] | None, truth: Mapping[str, Json]
) -> Comparison:
    """Equal when both have the same metrics with the same values and units; absent is not zero."""
    found = {metric: {"value": one["value"], "unit": one["unit"]} for metric, one in (written or {}).items()}
    differences = [
        f"{metric}: {_told(found.get(metric))}, truth {_told(truth.get(metric))}"
        for metric in sorted({*found, *truth})
        if found.get(metric) != truth.get(metric)
    ]
    missing = [] if written is not None else ["no summary"]
    return Comparison(client, month, found, truth, (*missing, *differences))


def _told(value: Json | None) -> str:
    return "absent" if value is None else f"{value['value']} {value['unit']}"
