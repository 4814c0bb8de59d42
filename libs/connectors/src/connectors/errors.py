"""Errors by what happens next, never by where they arose.

    ConnectorError
    ├─ ThrottledError          wait `retry_after_s`; everything under `budget_key` waits with it
    ├─ ProviderDownError       wait, then try again
    │  └─ UnknownHostError     or the address is wrong, where a user enters a part of it
    ├─ AccessRefusedError      one fresh token may help, else the client must connect again
    ├─ ForbiddenError          plan or rights at the provider
    ├─ WrongCompanyError       the credentials open other books than expected
    ├─ RejectedRequestError    we asked for something the provider does not allow
    └─ UnreadableAnswerError   the answer does not fit its parser
    FormError                  the fields of a credential form do not fit

No text of an error holds a secret, a body, a header or a query.
"""

from dataclasses import dataclass

from sync_contracts.codes import ProblemCode, WaitReason


class ConnectorError(Exception):
    """What a connector raises; `detail` is for the operator, `cause` tells the user what is likely wrong."""

    code: ProblemCode = ProblemCode.INTERNAL

    def __init__(self, detail: str, *, cause: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.cause = cause


class ThrottledError(ConnectorError):
    """A limit is used up for longer than a process waits."""

    code = ProblemCode.PROVIDER_DOWN

    def __init__(self, detail: str, *, retry_after_s: float, budget_key: str, daily: bool = False) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
        self.budget_key = budget_key
        self.daily = daily

    @property
    def reason(self) -> WaitReason:
        return WaitReason.DAILY_LIMIT if self.daily else WaitReason.RATE_LIMITED


class ProviderDownError(ConnectorError):
    """No answer in time, or a fault of the provider's own; `tries` where its page names a number."""

    code = ProblemCode.PROVIDER_DOWN

    def __init__(self, detail: str, *, tries: int | None = None, cause: str = "") -> None:
        super().__init__(detail, cause=cause)
        self.tries = tries


class UnknownHostError(ProviderDownError):
    """Nobody knows the host's name."""


class AccessRefusedError(ConnectorError):
    """The provider does not accept the credentials; `after_silence`: an earlier try had no good answer.

    What that try asked for may have been done, such as another refresh token issued.
    """

    code = ProblemCode.NEEDS_AUTH
    after_silence = False


class ForbiddenError(ConnectorError):
    """The credentials are right, but the plan or a right is missing."""

    def __init__(
        self, detail: str, *, code: ProblemCode = ProblemCode.NO_PERMISSION, cause: str = ""
    ) -> None:
        super().__init__(detail, cause=cause)
        self.code = code


class WrongCompanyError(ConnectorError):
    """The credentials open other books than expected."""

    code = ProblemCode.WRONG_COMPANY


class RejectedRequestError(ConnectorError):
    """The provider calls our request invalid; `status` and `vendor_code` are its own."""

    code = ProblemCode.PROVIDER_REJECTED_REQUEST

    def __init__(self, detail: str, *, status: int = 0, vendor_code: str = "", cause: str = "") -> None:
        super().__init__(detail, cause=cause)
        self.status = status
        self.vendor_code = vendor_code


class UnreadableAnswerError(ConnectorError):
    """The answer does not fit its parser, so nothing of it is counted."""

    code = ProblemCode.UNREADABLE_ANSWER


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field of a form that does not fit, and why."""

    field: str
    message: str


class FormError(ValueError):
    """The fields of a credential form do not fit; no value is quoted."""

    def __init__(self, *problems: FieldProblem) -> None:
        super().__init__(", ".join(problem.field for problem in problems))
        self.problems = problems
