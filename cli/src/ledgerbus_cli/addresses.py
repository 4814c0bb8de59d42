"""Where a running system is; `up` writes it down for the other commands."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

FILE = "addresses.json"


class Addresses(BaseModel):
    """What a caller from outside needs to know."""

    model_config = ConfigDict(frozen=True)

    kafka: str
    broker: str | None = Field(None, description="Which embedded broker answers there.")
    credentials: str
    orchestrator: str
    summaries: str
    notifier: str
    workers: str
    sandbox: str | None = None
    vault: str | None = None
    database: str | None = None

    def write(self, data_dir: Path) -> None:
        (data_dir / FILE).write_text(self.model_dump_json(indent=2) + "\n")

    @staticmethod
    def forget(data_dir: Path) -> None:
        """Nothing runs there any more."""
        (data_dir / FILE).unlink(missing_ok=True)

    @classmethod
    def read(cls, data_dir: Path) -> "Addresses":
        """FileNotFoundError where no system was started."""
        return cls.model_validate_json((data_dir / FILE).read_text())
