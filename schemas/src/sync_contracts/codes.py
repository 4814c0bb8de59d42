"""Every stable code a user, operator or subscriber can meet, with the sentence that says what to do."""

from enum import StrEnum


class RefusalCode(StrEnum):
    """Why a request was not accepted."""

    INVALID_REQUEST = "INVALID_REQUEST"
    FORBIDDEN = "FORBIDDEN"
    INTEGRATION_APP_OFF = "INTEGRATION_APP_OFF"
    INTEGRATION_NOT_ENABLED = "INTEGRATION_NOT_ENABLED"
    NO_CREDENTIALS = "NO_CREDENTIALS"
    MONTH_IN_FUTURE = "MONTH_IN_FUTURE"
    OVERWRITE_NOT_CONFIRMED = "OVERWRITE_NOT_CONFIRMED"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    RUN_NOT_FOUND = "RUN_NOT_FOUND"
    RUN_STILL_OPEN = "RUN_STILL_OPEN"
    RUN_ALREADY_ENDED = "RUN_ALREADY_ENDED"
    NOTHING_TO_RETRY = "NOTHING_TO_RETRY"


class ProblemCode(StrEnum):
    """Why a job was skipped or failed."""

    NO_CREDENTIALS = "NO_CREDENTIALS"
    NEEDS_AUTH = "NEEDS_AUTH"
    WRONG_COMPANY = "WRONG_COMPANY"
    PROVIDER_PLAN_TOO_LOW = "PROVIDER_PLAN_TOO_LOW"
    NO_PERMISSION = "NO_PERMISSION"
    PROVIDER_DOWN = "PROVIDER_DOWN"
    PROVIDER_REJECTED_REQUEST = "PROVIDER_REJECTED_REQUEST"
    UNREADABLE_ANSWER = "UNREADABLE_ANSWER"
    CONNECTION_DELETED = "CONNECTION_DELETED"
    CLOCK_SKEW = "CLOCK_SKEW"
    EXPIRED = "EXPIRED"
    INTERNAL = "INTERNAL"


class WaitReason(StrEnum):
    """Why a job that is not running is not running."""

    QUEUED = "queued"
    FAIRNESS = "fairness"
    RATE_LIMITED = "rate_limited"
    DAILY_LIMIT = "daily_limit"
    PROVIDER_DOWN = "provider_down"
    SERVICE_DOWN = "service_down"


# NO_CREDENTIALS is both a refusal and a problem: equal text, equal key.
SENTENCES: dict[StrEnum, str] = {
    RefusalCode.INVALID_REQUEST: "The request does not fit its schema; correct the named fields and send it again.",
    RefusalCode.FORBIDDEN: "Only an owner or admin of the company may do this; ask one of them.",
    RefusalCode.INTEGRATION_APP_OFF: "Integrations are switched off for the company; an owner or admin switches them on.",
    RefusalCode.INTEGRATION_NOT_ENABLED: "This accounting system is not enabled for the company; an owner or admin enables it.",
    RefusalCode.NO_CREDENTIALS: "The client has no credentials for this accounting system; enter them in the client's integration dialog.",
    RefusalCode.MONTH_IN_FUTURE: "The month has not begun yet; choose the current month or an earlier one.",
    RefusalCode.OVERWRITE_NOT_CONFIRMED: "A reload may replace existing values; confirm the overwriting and send it again.",
    RefusalCode.REQUEST_ID_REUSED: "This request id was used for another request within the last 7 days; choose a new one.",
    RefusalCode.RUN_NOT_FOUND: "The company has no run with this id; check the id.",
    RefusalCode.RUN_STILL_OPEN: "The run has not ended yet; wait for its end or cancel it first.",
    RefusalCode.RUN_ALREADY_ENDED: "The run has already ended; there is nothing left to cancel.",
    RefusalCode.NOTHING_TO_RETRY: "No job of the run failed; there is nothing to retry.",
    ProblemCode.NEEDS_AUTH: "The accounting system refuses the credentials; enter new ones or authorise again, then retry.",
    ProblemCode.WRONG_COMPANY: "The credentials open another company's books; enter those of the right company.",
    ProblemCode.PROVIDER_PLAN_TOO_LOW: "The licence at the accounting system does not include its API; upgrade it there, then retry.",
    ProblemCode.NO_PERMISSION: "The credentials lack a right at the accounting system; grant read access to invoices, ledger and reports there.",
    ProblemCode.PROVIDER_DOWN: "The accounting system did not answer in time or reported a fault; retry later.",
    ProblemCode.PROVIDER_REJECTED_REQUEST: "The accounting system refused a call as invalid; tell the operator the run and job.",
    ProblemCode.UNREADABLE_ANSWER: "The accounting system's answer could not be understood, so nothing was written; tell the operator the run and job.",
    ProblemCode.CONNECTION_DELETED: "The connection was deleted meanwhile; connect the client again to read its books.",
    ProblemCode.CLOCK_SKEW: "The reading's time lies in the future of the writer's clock; the operator checks the machines' clocks.",
    ProblemCode.EXPIRED: "The run reached its deadline before this job ended; run it again.",
    ProblemCode.INTERNAL: "A fault of ours ended this job; tell the operator the run and job.",
    WaitReason.QUEUED: "Waiting for its turn.",
    WaitReason.FAIRNESS: "Waiting so that every firm gets its share.",
    WaitReason.RATE_LIMITED: "Waiting for the accounting system's short-term limit.",
    WaitReason.DAILY_LIMIT: "Waiting for the accounting system's daily limit to reset.",
    WaitReason.PROVIDER_DOWN: "Waiting for the accounting system to answer again.",
    WaitReason.SERVICE_DOWN: "Waiting for one of our own services to answer again.",
}


def sentence(code: StrEnum) -> str:
    """What to do about a code, in one sentence."""
    return SENTENCES[code]
