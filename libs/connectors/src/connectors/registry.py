"""The connector of each provider: one line each."""

from collections.abc import Mapping

from sync_contracts.providers import Provider

from connectors.directo import DIRECTO
from connectors.e_conomic import E_CONOMIC
from connectors.fortnox import FORTNOX
from connectors.freeagent import FREEAGENT
from connectors.merit_aktiva import MERIT_AKTIVA
from connectors.protocol import Connector
from connectors.quickbooks import QUICKBOOKS
from connectors.scoro import SCORO
from connectors.smartaccounts import SMARTACCOUNTS
from connectors.trigon import TRIGON
from connectors.tripletex import TRIPLETEX
from connectors.xero import XERO

CONNECTORS: Mapping[Provider, Connector] = {
    connector.provider: connector
    for connector in (
        MERIT_AKTIVA,
        XERO,
        TRIPLETEX,
        SMARTACCOUNTS,
        E_CONOMIC,
        FREEAGENT,
        QUICKBOOKS,
        FORTNOX,
        SCORO,
        DIRECTO,
        TRIGON,
    )
}


def connector_for(provider: Provider) -> Connector:
    """The connector of a provider."""
    return CONNECTORS[provider]
