"""Contract v0: every path, parameter, field and word that is assumed of Trigon's API; all *unconfirmed*.

Once the vendor's description is known, the true names are entered here and nowhere else.
"""

from enum import StrEnum

PAGE_SIZE = 100  # the most that a page holds
LONGEST_MONTHS = 12
PERMISSION = "view"  # what a firm's permissions name when its lists may be read
CURRENCY = "EUR"


class Path(StrEnum):
    FIRMS = "/v1/firms"
    LOGIN = "/v1/auth/login"
    REFRESH = "/v1/auth/refresh"


class Listing(StrEnum):
    """What stands below one firm."""

    SALES = "sales-invoices"
    PURCHASES = "purchase-invoices"
    ENTRIES = "entries"
    EXPENSE_LINES = "expense-lines"
    BANK = "bank-transactions"
    COUNTS = "counts"


class Param(StrEnum):
    REG_CODE = "regCode"
    FIRST_DAY = "dateFrom"
    LAST_DAY = "dateTo"
    MONTH = "month"
    PAGE = "page"
    PAGE_SIZE = "pageSize"


class Field(StrEnum):
    ITEMS = "items"
    PAGE_SIZE = "pageSize"
    TOTAL = "total"
    ID = "id"
    NAME = "name"
    REG_CODE = "regCode"
    PERMISSIONS = "permissions"
    DATE = "date"
    TYPE = "type"
    STATUS = "status"
    CURRENCY = "currency"
    RATE = "currencyRate"
    NET = "netAmount"
    VAT = "vatAmount"
    ROWS = "rows"
    ACCOUNT_TYPE = "accountType"
    DEBIT = "debit"
    CREDIT = "credit"
    EMAIL = "email"
    PASSWORD = "password"  # noqa: S105 (a field's name)
    ID_TOKEN = "idToken"  # noqa: S105 (a field's name)
    API_KEY = "apiKey"
    EXPIRES_AT = "expiresAt"
    REFRESH_TOKEN = "refreshToken"  # noqa: S105 (a field's name)
    ERROR = "error"
    CODE = "code"


class DocumentType(StrEnum):
    INVOICE = "invoice"
    CREDIT = "credit"


class Status(StrEnum):
    DRAFT = "draft"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class AccountType(StrEnum):
    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


class Count(StrEnum):
    """Fields of the reply that holds nothing but a month's counts."""

    SALES_INVOICES = "salesInvoices"
    SALES_CREDITS = "salesCredits"
    PURCHASE_INVOICES = "purchaseInvoices"
    PURCHASE_CREDITS = "purchaseCredits"
    ENTRIES = "entries"
    ENTRY_ROWS = "entryRows"
    BANK_TRANSACTIONS = "bankTransactions"


class ErrorCode(StrEnum):
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 (a word of the vendor's)
    PLAN_REQUIRED = "plan_required"
