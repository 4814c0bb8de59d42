"""Which fields each resource has, and the language in which a caller chooses among them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sandbox.tripletex.errors import RefusedError

Row = dict[str, Any]
# A field's own selection; None: a plain value, or a reference of id and url.
Selection = tuple[tuple[str, "Selection | None"], ...]

_REFERENCE = ("id", "url")


def _shape(fields: str, **objects: str) -> dict[str, str | None]:
    plain: dict[str, str | None] = dict.fromkeys(["id", "version", "url", *fields.split()])
    return plain | objects


SHAPES: Mapping[str, Mapping[str, str | None]] = {
    "Invoice": _shape(
        "invoiceNumber invoiceDate creditedInvoice isCredited invoiceDueDate kid invoiceComment comment"
        " deliveryDate amount amountCurrency amountExcludingVat amountExcludingVatCurrency amountRoundoff"
        " amountRoundoffCurrency amountOutstanding amountCurrencyOutstanding amountOutstandingTotal"
        " amountCurrencyOutstandingTotal sumRemits isCreditNote isCharged isApproved paidAmount documentId",
        customer="Customer",
        voucher="Voucher",
        currency="Currency",
    ),
    "SupplierInvoice": _shape(
        "invoiceNumber invoiceDate invoiceDueDate kidOrReceiverReference amount amountCurrency"
        " amountExcludingVat amountExcludingVatCurrency isCreditNote outstandingAmount"
        " originalInvoiceDocumentId",
        supplier="Supplier",
        voucher="Voucher",
        currency="Currency",
    ),
    "Posting": _shape(
        "date description amount amountCurrency amountGross amountGrossCurrency invoiceNumber row type"
        " systemGenerated matched externalRef termOfPayment",
        account="Account",
        voucher="Voucher",
        currency="Currency",
        customer="Customer",
        supplier="Supplier",
    ),
    "Voucher": _shape(
        "date number tempNumber year description externalVoucherNumber vendorInvoiceNumber displayName"
        " numberAsString",
        voucherType="VoucherType",
        reverseVoucher="Voucher",
    ),
    "BalanceSheetAccount": {
        "account": "Account",
        **dict.fromkeys(("balanceIn", "balanceChange", "balanceOut", "startDate", "endDate")),
    },
    "Account": _shape(
        "number numberPretty name description type ledgerType isCloseable isInactive isBankAccount"
        " isInvoiceAccount bankAccountNumber displayName",
        currency="Currency",
    ),
    "Company": _shape(
        "name displayName startDate endDate organizationNumber email phoneNumber type accountantOrSimilar"
        " customerCompanyId",
        currency="Currency",
    ),
    "LoggedInUserInfo": {
        **dict.fromkeys(("employeeId", "actualEmployeeId", "companyId", "language", "employeeIsProxy")),
        "employee": "Employee",
        "company": "Company",
    },
    "Currency": _shape("code description factor displayName isDisabled"),
    "Customer": _shape("name organizationNumber customerNumber email displayName"),
    "Supplier": _shape("name organizationNumber supplierNumber email displayName"),
    "Employee": _shape("firstName lastName email displayName"),
    "VoucherType": _shape("name displayName"),
}


@lru_cache(maxsize=256)
def parse_fields(resource: str, text: str) -> Selection:
    """A `fields` parameter as a selection; an unknown name is refused with code 11000."""
    selection, rest = _parse(resource, text.replace(" ", "") or "*")
    if rest:
        raise _illegal(text)
    return selection


def project(row: Mapping[str, Any], selection: Selection) -> Row:
    """The chosen fields of a row; what it does not have is null."""
    return {name: _value(row.get(name), inner) for name, inner in selection}


def require_field(resource: str, path: str) -> None:
    """Refuse to sort by a field that there is not, with code 17000."""
    shape: Mapping[str, str | None] | None = SHAPES[resource]
    for name in path.split("."):
        if shape is None or name not in shape:
            raise RefusedError(422, 17000, "Illegal sorting", {"sorting": f"Ukjent felt: {path}"})
        inner = shape[name]
        shape = SHAPES[inner] if inner else None


def _value(value: Any, inner: Selection | None) -> Any:
    if not isinstance(value, dict):
        return value
    return project(value, inner) if inner else {name: value.get(name) for name in _REFERENCE}


def _parse(resource: str, text: str) -> tuple[Selection, str]:
    """The selection at the start of the text, and what follows its closing bracket."""
    chosen: dict[str, Selection | None] = {}
    while text:
        stop = next((at for at, letter in enumerate(text) if letter in ",()"), len(text))
        name, text = text[:stop], text[stop:]
        inner: Selection | None = None
        if text.startswith("("):
            inner, text = _parse(_object(resource, name), text[1:])
            if not text.startswith(")"):
                raise _illegal(name)
            text = text[1:]
        chosen |= _named(resource, name, inner)
        if text.startswith(")") or not text:
            break
        if not text.startswith(","):
            raise _illegal(text)
        text = text[1:]
    return tuple(chosen.items()), text


def _named(resource: str, name: str, inner: Selection | None) -> dict[str, Selection | None]:
    if name == "*" and inner is None:
        return dict.fromkeys(SHAPES[resource])
    if name not in SHAPES[resource]:
        raise _illegal(name)
    return {name: inner}


def _object(resource: str, name: str) -> str:
    inner = SHAPES[resource].get(name)
    if inner is None:
        raise _illegal(name)
    return inner


def _illegal(name: str) -> RefusedError:
    return RefusedError(
        400, 11000, "Illegal filter", {"fields": f"{name} does not match any field of the model."}
    )
