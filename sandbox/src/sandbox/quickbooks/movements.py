"""Journal entries and movements of money as the vendor lists them."""

from __future__ import annotations

from sandbox.books.chart import Role
from sandbox.books.records import CashMove, Document, Journal, Payment, Posting, State
from sandbox.quickbooks.chart import reference
from sandbox.quickbooks.documents import LISTED, Row, money, stamps

# What a summary counts as bank transactions; a sales receipt is none.
MOVEMENTS = ("Purchase", "Deposit", "Transfer", "Payment", "BillPayment")
RECEIPT = "SalesReceipt"


def entity_of_move(move: CashMove) -> str:
    """Other income is sold over the counter; money to a clearing account is transferred."""
    if move.incoming:
        return RECEIPT if move.role is Role.OTHER_INCOME else "Deposit"
    return "Transfer" if move.role is Role.PAYROLL_DUE else "Purchase"


def entity_of_payment(document: Document) -> str:
    """Refunds have no kind of their own: both ways they are purchases, one of them a credit."""
    if document.kind.is_credit:
        return "Purchase"
    return "Payment" if document.kind.is_sales else "BillPayment"


def is_listed(move: CashMove) -> bool:
    """A voided movement stays, without an amount."""
    return move.state in LISTED


def move_row(move: CashMove, home: str) -> Row:
    """Money in or out without a document."""
    voided, entity = move.state is State.VOIDED, entity_of_move(move)
    amount = 0 if voided else money(move.amount)
    row: Row = {
        "Id": str(2 * move.serial),
        **stamps(move.dated_on, move.serial),
        "CurrencyRef": {"value": home},
        "PrivateNote": "Voided" if voided else move.memo,
    }
    if entity == "Transfer":
        sides = {"FromAccountRef": reference(move.through), "ToAccountRef": reference(move.role)}
        return row | sides | {"Amount": amount}
    detail = {"Amount": amount, "DetailType": "AccountBasedExpenseLineDetail"}
    row |= {"TotalAmt": amount, "Line": [detail | {"AccountRef": reference(move.role)}]}
    if entity == "Purchase":
        return row | {"PaymentType": ("Cash", "Check", "CreditCard")[move.serial % 3]} | _paid(move.through)
    return row | {"DepositToAccountRef": reference(move.through)}


def payment_row(payment: Payment) -> Row:
    """Money for a document."""
    assert isinstance(payment.record, Document)  # noqa: S101 (moves have rows of their own)
    document = payment.record
    row: Row = {
        "Id": str(payment.serial),
        **stamps(payment.paid_on, payment.serial),
        "CurrencyRef": {"value": document.currency},
        "TotalAmt": money(payment.amount),
        "Line": [{"Amount": money(payment.amount), "LinkedTxn": [{"TxnId": str(2 * document.serial)}]}],
    }
    if document.kind.is_credit:
        row |= {"PaymentType": "CreditCard", "Credit": not document.kind.is_sales} | _paid(payment.through)
    return row


def journal_row(journal: Journal) -> Row:
    """A journal entry: its sides tell debit from credit, all amounts are positive."""
    return {
        "Id": str(2 * journal.serial),
        **stamps(journal.dated_on, journal.serial),
        "Adjustment": False,
        "PrivateNote": journal.memo,
        "Line": [_journal_line(one) for one in journal.postings],
    }


def _journal_line(posting: Posting) -> Row:
    side = "Debit" if posting.amount > 0 else "Credit"
    return {
        "Amount": money(abs(posting.amount)),
        "DetailType": "JournalEntryLineDetail",
        "JournalEntryLineDetail": {"PostingType": side, "AccountRef": reference(posting.role)},
    }


def _paid(role: Role) -> Row:
    return {"AccountRef": reference(role)}
