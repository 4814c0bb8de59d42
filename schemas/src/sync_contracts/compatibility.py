"""Which changes to a message would break somebody who reads or writes its released version."""

from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]

# What a released field promises; texts, examples and defaults may change.
_PROMISES = ("type", "format", "pattern", "const", "items", "anyOf", "additionalProperties", "prefixItems")


def breaking_changes(released: Schema, current: Schema) -> list[str]:
    """Sentences on fields that are gone or of another type, and on fields that have become required."""
    comparison = _Comparison(released, current)
    comparison.compare(released, current, "message")
    return comparison.found


@dataclass(slots=True)
class _Comparison:
    """One walk through two schemas side by side."""

    old_root: Schema
    new_root: Schema
    found: list[str] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=set)

    def compare(self, old: Schema, new: Schema, at: str) -> None:
        pair = (str(old.get("$ref", "")), str(new.get("$ref", "")))
        if pair[0] and pair in self.seen:
            return
        self.seen.add(pair)
        old, new = _resolved(old, self.old_root), _resolved(new, self.new_root)
        self.found += [f"{at} no longer knows {value}" for value in _lost_values(old, new)]
        self._compare_fields(old, new, at)
        for promise in _PROMISES:
            self._compare_promise(promise, old.get(promise), new.get(promise), at)

    def _compare_fields(self, old: Schema, new: Schema, at: str) -> None:
        current = new.get("properties", {})
        for name, schema in old.get("properties", {}).items():
            if name in current:
                self.compare(schema, current[name], f"{at}.{name}")
            else:
                self.found.append(f"{at}.{name} is gone")
        newly_required = set(new.get("required", [])) - set(old.get("required", []))
        self.found += [f"{at}.{name} has become required" for name in sorted(newly_required)]

    def _compare_promise(self, promise: str, before: Any, after: Any, at: str) -> None:
        if isinstance(before, dict) and isinstance(after, dict):
            self.compare(before, after, f"{at}[]")
        elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
            for old, new in zip(before, after, strict=True):
                self.compare(old, new, at)
        elif before != after:
            self.found.append(f"{at} has another {promise}")


def _lost_values(old: Schema, new: Schema) -> list[str]:
    return sorted(set(map(str, old.get("enum", []))) - set(map(str, new.get("enum", []))))


def _resolved(schema: Schema, root: Schema) -> Schema:
    name = schema.get("$ref", "")
    return dict(root["$defs"][name.rsplit("/", 1)[-1]]) if name else schema
