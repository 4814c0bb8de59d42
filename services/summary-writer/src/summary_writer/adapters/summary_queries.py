"""Filters of the summaries' collection."""

from service_kit.mongo import Document

from summary_writer.ports import SummaryFilter

ORDER = ("client_id", "provider", "month")


def matching(wanted: SummaryFilter) -> Document:
    """The company's summaries that a caller asks for."""
    query: Document = {"company_id": wanted.company_id}
    if wanted.client_id is not None:
        query["client_id"] = wanted.client_id
    if wanted.provider is not None:
        query["provider"] = str(wanted.provider)
    months = {"$gte": wanted.first, "$lte": wanted.last}
    if bounds := {operator: str(month) for operator, month in months.items() if month is not None}:
        query["month"] = bounds
    return query


def behind(place: tuple[str, ...]) -> Document:
    """Whatever comes after a place in `ORDER`; everything for the empty place."""
    if not place:
        return {}
    fields = dict(zip(ORDER, place, strict=True))
    earlier: Document = {}
    branches: list[Document] = []
    for field, value in fields.items():
        branches.append({**earlier, field: {"$gt": value}})
        earlier[field] = value
    return {"$or": branches}
