"""The accounting systems, by the name used in messages, addresses and stores."""

from enum import StrEnum


class Provider(StrEnum):
    """An accounting system; everything else that is known about it stands in its connector."""

    MERIT_AKTIVA = "merit-aktiva"
    XERO = "xero"
    TRIPLETEX = "tripletex"
    SMARTACCOUNTS = "smartaccounts"
    E_CONOMIC = "e-conomic"
    FREEAGENT = "freeagent"
    QUICKBOOKS = "quickbooks"
    FORTNOX = "fortnox"
    SCORO = "scoro"
    DIRECTO = "directo"
    TRIGON = "trigon"
