"""The imitations, one line each."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.directo.imitation import Directo
from sandbox.e_conomic.imitation import Economic
from sandbox.fortnox.imitation import Fortnox
from sandbox.freeagent.imitation import FreeAgent
from sandbox.merit_aktiva.imitation import MeritAktiva
from sandbox.quickbooks.imitation import QuickBooks
from sandbox.scoro.imitation import Scoro
from sandbox.smartaccounts.imitation import SmartAccounts
from sandbox.trigon.imitation import Trigon
from sandbox.tripletex.imitation import Tripletex
from sandbox.world import Imitation, World
from sandbox.xero.imitation import Xero

BUILDERS: tuple[Callable[[World], Imitation], ...] = (
    Economic,
    MeritAktiva,
    QuickBooks,
    SmartAccounts,
    Trigon,
    Tripletex,
    Xero,
    FreeAgent,
    Fortnox,
    Scoro,
    Directo,
)
