"""Summaries and history entries as MongoDB documents: amounts are `Decimal128`, never `float`."""

from bson.decimal128 import Decimal128
from service_kit.mongo import Document
from sync_contracts.metrics import Metric, MetricValue
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from summary_writer.summary import Cause, HistoryEntry, Summary, SummaryKey


def summary_document(summary: Summary) -> Document:
    """The whole document; its `_id` is the key, so that a month can have only one."""
    return {
        "_id": str(summary.key),
        **key_fields(summary.key),
        "version": summary.version,
        "values": {str(metric): _value_document(value) for metric, value in summary.values.items()},
        "notes": list(summary.notes),
        "record_count": summary.record_count,
        "fingerprint": summary.fingerprint,
        "connector": summary.connector,
        "connector_version": summary.connector_version,
        "calls": summary.calls,
        "read_at": summary.read_at,
        "run_id": summary.run_id,
        "cause": str(summary.cause),
        "origin": str(summary.origin),
    }


def summary_from(document: Document) -> Summary:
    return Summary(
        key=_key_from(document),
        values={Metric(name): _value_from(value) for name, value in document["values"].items()},
        notes=tuple(document["notes"]),
        record_count=document["record_count"],
        fingerprint=document["fingerprint"],
        connector=document["connector"],
        connector_version=document["connector_version"],
        calls=document["calls"],
        read_at=document["read_at"],
        run_id=document["run_id"],
        cause=Cause.parse(document["cause"]),
        origin=Cause.parse(document["origin"]),
        version=document["version"],
    )


def entry_document(entry: HistoryEntry) -> Document:
    """Without `_id` and `version`, which say whether it may be written."""
    return {
        "summary_id": str(entry.key),
        **key_fields(entry.key),
        "run_id": entry.run_id,
        "read_at": entry.read_at,
        "written_at": entry.written_at,
        "replaced": None if entry.replaced is None else summary_document(entry.replaced),
    }


def entry_from(document: Document) -> HistoryEntry:
    return HistoryEntry(
        key=_key_from(document),
        cause=Cause.parse(document["_id"]),
        version=document["version"],
        run_id=document["run_id"],
        read_at=document["read_at"],
        written_at=document["written_at"],
        replaced=None if document["replaced"] is None else summary_from(document["replaced"]),
    )


def key_fields(key: SummaryKey) -> Document:
    return {
        "company_id": key.company_id,
        "client_id": key.client_id,
        "provider": str(key.provider),
        "month": str(key.month),
    }


def _key_from(document: Document) -> SummaryKey:
    return SummaryKey(
        document["company_id"],
        document["client_id"],
        Provider(document["provider"]),
        Month.parse(document["month"]),
    )


def _value_document(value: MetricValue) -> Document:
    return {
        "value": Decimal128(value.value),
        "unit": value.unit,
        "source": str(value.source),
        "basis": str(value.basis),
    }


def _value_from(document: Document) -> MetricValue:
    return MetricValue.model_validate({**document, "value": document["value"].to_decimal()})
