"""Queries, up to 30 in one call: lists in pages, and counts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sync_contracts.month import Months

from connectors.api import Api, Call
from connectors.errors import ConnectorError, RejectedRequestError, UnreadableAnswerError
from connectors.quickbooks.calls import fault_error
from connectors.rows import Row, identifier, listed, mapping, text, whole

MOST_QUERIES = 30
PAGE_SIZE = 1000
# *unconfirmed*: that every entity can be ordered; one that cannot is asked without.
_ORDER = " orderby Id"
_QUERY_REFUSED = frozenset({"4000", "4001"})

Answers = Mapping[str, Row | ConnectorError]


async def ask(api: Api, queries: Mapping[str, str]) -> Answers:
    """Each query's answer or error by its name; one can fail alone."""
    items = [{"bId": name, "Query": query} for name, query in queries.items()]
    call = Call(
        method="POST",
        path="/batch",
        body=json.dumps({"BatchItemRequest": items}).encode(),
        headers={"Content-Type": "application/json"},
    )
    found: dict[str, Row | ConnectorError] = {}
    reply = mapping(await api.json(call), "the batch")
    for item in listed(reply.get("BatchItemResponse"), "BatchItemResponse"):
        name = text(item, "bId")
        if name in found:
            raise UnreadableAnswerError("a batch answers a query twice")
        found[name] = _answer(item, name)
    missing = UnreadableAnswerError("a batch leaves a query unanswered")
    return {name: found.get(name, missing) for name in queries}


def count_query(entity: str, period: Months) -> str:
    return f"select count(*) from {entity} where {_dated(period)}"  # noqa: S608 (names and dates of our own)


def total_count(answer: Row) -> int:
    """The number of records; an answer without anything is none, as it is with lists (*unconfirmed*)."""
    return whole(answer, "totalCount") if answer else 0


@dataclass(slots=True)
class Listing:
    """All rows of an entity within a period, page after page."""

    entity: str
    period: Months
    page_size: int = PAGE_SIZE
    rows: list[Row] = field(default_factory=list)
    is_whole: bool = False
    order: str = _ORDER
    seen: set[str] = field(default_factory=set)

    @property
    def query(self) -> str:
        """The query of the next page."""
        page = f"startposition {len(self.rows) + 1} maxresults {self.page_size}"
        return f"select * from {self.entity} where {_dated(self.period)}{self.order} {page}"  # noqa: S608

    def take(self, answer: Row | ConnectorError) -> None:
        """The next page; fewer rows than were asked for are the last."""
        if isinstance(answer, ConnectorError):
            self._without_order(answer)
            return
        page = listed(answer.get(self.entity, []), self.entity)
        self._check(answer, len(page))
        self.rows += page
        self.seen.update(identifier(row, "Id") for row in page)
        if len(self.seen) != len(self.rows):
            raise UnreadableAnswerError("a list changed while it was read: a row came twice")
        self.is_whole = len(page) < self.page_size

    def _without_order(self, error: ConnectorError) -> None:
        """Start again without an order where it was refused; any other error is raised."""
        is_refused = isinstance(error, RejectedRequestError) and error.vendor_code in _QUERY_REFUSED
        if not is_refused or not self.order:
            raise error
        self.order, self.rows, self.seen = "", [], set()

    def _check(self, answer: Row, received: int) -> None:
        if received == 0:
            return
        if "startPosition" in answer and whole(answer, "startPosition") != len(self.rows) + 1:
            raise UnreadableAnswerError("a page begins elsewhere than asked")
        if "maxResults" in answer and whole(answer, "maxResults") != received:
            raise UnreadableAnswerError("a page does not hold the rows it counts")


def _answer(item: Row, name: str) -> Row | ConnectorError:
    fault = item.get("Fault")
    if fault is not None:
        return fault_error(mapping(fault, "Fault"), f"batch item {name}")
    return mapping(item.get("QueryResponse"), "QueryResponse")


def _dated(period: Months) -> str:
    """Both ends belong to the period."""
    return f"TxnDate >= '{period.first_day}' and TxnDate <= '{period.last_day}'"
