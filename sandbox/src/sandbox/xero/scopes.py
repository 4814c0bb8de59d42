"""Which scopes open which resource; the broad ones of older apps end in September 2027."""

from datetime import UTC, datetime

BROAD_SCOPES_END = datetime(2027, 9, 13, tzinfo=UTC)

_GRANULAR = {
    "Organisation": "accounting.settings",
    "Accounts": "accounting.settings",
    "Invoices": "accounting.invoices",
    "CreditNotes": "accounting.invoices",
    "BankTransactions": "accounting.banktransactions",
    "ManualJournals": "accounting.manualjournals",
    "ProfitAndLoss": "accounting.reports.profitandloss",
}
_BROAD = {
    "Invoices": "accounting.transactions",
    "CreditNotes": "accounting.transactions",
    "BankTransactions": "accounting.transactions",
    "ManualJournals": "accounting.transactions",
    "ProfitAndLoss": "accounting.reports",
}


def opens(scopes: frozenset[str], resource: str, now: datetime) -> bool:
    """Whether a token with these scopes may read the resource; no scope opens the full ledger here."""
    wanted = [_GRANULAR.get(resource)]
    if now < BROAD_SCOPES_END:
        wanted.append(_BROAD.get(resource))
    return any(scope in scopes or f"{scope}.read" in scopes for scope in wanted if scope)
