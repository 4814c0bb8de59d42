"""Amounts of documents in the books' own currency."""

from decimal import ROUND_HALF_UP, Decimal

# ISO 4217: currencies whose minor unit is not a hundredth.
_MINOR_DIGITS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"), 0
    ),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Half up to the currency's minor unit."""
    return amount.quantize(Decimal(1).scaleb(-_MINOR_DIGITS.get(currency, 2)), ROUND_HALF_UP) + Decimal(0)


def converted(amount: Decimal, rate: Decimal, currency: str, *, rate_is_own: bool = False) -> Decimal:
    """An amount in `currency`; `rate` is foreign units for one unit of it, or its units for a foreign one."""
    return rounded(amount * rate if rate_is_own else amount / rate, currency)
