"""What can go wrong for somebody who asks the system for something, in sentences."""

from sync_contracts.codes import RefusalCode, sentence


class LedgerbusError(Exception):
    """A sentence for the person at the keyboard; `code` is stable."""

    code = "FAILED"
    exit_code = 1

    def as_json(self) -> dict[str, object]:
        return {"error": self.code, "message": str(self)}


class BadUsageError(LedgerbusError):
    """The command was not given what it needs."""

    code = "BAD_USAGE"
    exit_code = 2


HINTS = {
    RefusalCode.INTEGRATION_NOT_ENABLED: "`ledgerbus enable PROVIDER` does it.",
    RefusalCode.NO_CREDENTIALS: "`ledgerbus connect CLIENT PROVIDER` does it.",
    RefusalCode.OVERWRITE_NOT_CONFIRMED: "`--overwrite` confirms it.",
    RefusalCode.RUN_STILL_OPEN: "`ledgerbus watch RUN` or `ledgerbus cancel RUN` does it.",
}


class ProblemAnswerError(LedgerbusError):
    """A service refused a call with a problem document."""

    def __init__(self, status: int, code: str, detail: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(f"{detail} ({', '.join(fields)})" if fields else detail)
        self.status = status
        self.code = code
        self.fields = fields

    def as_json(self) -> dict[str, object]:
        return {**super().as_json(), "status": self.status, "fields": list(self.fields)}


class RequestRefusedError(LedgerbusError):
    """The orchestrator answered `run.rejected.v1`."""

    def __init__(self, code: RefusalCode, message: str, fields: tuple[str, ...] = ()) -> None:
        told = f"{message or sentence(code)} {HINTS.get(code, '')}".rstrip()
        super().__init__(f"{told} ({', '.join(fields)})" if fields else told)
        self.code = code.value
        self.fields = fields

    def as_json(self) -> dict[str, object]:
        return {**super().as_json(), "fields": list(self.fields)}


class NoAnswerError(LedgerbusError):
    """Nothing was heard in time."""

    code = "NO_ANSWER"

    def __init__(self, what: str, within_s: float) -> None:
        super().__init__(f"Nothing was heard of {what} within {within_s:g} s.")


class UnreachableError(LedgerbusError):
    """A service or the broker does not answer at all."""

    code = "UNREACHABLE"

    def __init__(self, what: str, where: str) -> None:
        super().__init__(f"{what} does not answer at {where}; is the system running (`ledgerbus up`)?")
