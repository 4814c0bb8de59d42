"""What is wrong with this process right now, for `/ready` and `/live`."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Health:
    """Names of troubles and their reasons; no trouble means ready."""

    troubles: dict[str, str] = field(default_factory=dict)
    fatal: str | None = None

    def down(self, name: str, reason: str) -> None:
        """Not ready while this lasts."""
        self.troubles[name] = reason

    def up(self, name: str) -> None:
        """The trouble is over."""
        self.troubles.pop(name, None)

    def die(self, reason: str) -> None:
        """Nothing heals this but a restart: `/live` turns red."""
        self.fatal = reason
