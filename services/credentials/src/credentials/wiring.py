"""The use cases, joined to each other and to whatever stands outside."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.protocol import Connector
from connectors.session import Session
from service_kit.clock import Clock
from service_kit.health import Health
from service_kit.publishing import Publish
from sync_contracts.providers import Provider

from credentials.client_records import ClientsRecords
from credentials.current_access import CurrentAccess
from credentials.delete_connection import DeleteConnection
from credentials.end_consent import EndConsent
from credentials.finish_change import FinishChange
from credentials.keep_alive import KeepAlive
from credentials.lease_access import LeaseAccess
from credentials.observe_connection import ObserveConnection
from credentials.ports import (
    ConnectionStore,
    ConsentStore,
    SigningKey,
    SwitchStore,
    TokenSetRegister,
    TokenSetVault,
)
from credentials.probe_rights import ProbeRights
from credentials.run_consent import RunConsent
from credentials.save_connection import SaveConnection
from credentials.save_input import SaveInput
from credentials.signatures import Signatures
from credentials.sweep import Sweep
from credentials.try_credentials import TryCredentials
from credentials.warn_of_expiry import WarnOfExpiry


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Everything that the use cases stand on."""

    store: ConnectionStore
    register: TokenSetRegister
    switches: SwitchStore
    consents: ConsentStore
    vault: TokenSetVault
    signing_key: SigningKey
    publish: Publish
    connectors: Mapping[Provider, Connector]
    session: Session
    clock: Clock
    health: Health


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long things may take, in seconds."""

    renewal_call_s: float = 15.0
    left_open_after_s: float = 60.0
    sweep_every_s: float = 2.0


class UseCases:
    """One of each."""

    def __init__(self, outside: Outside, times: Times) -> None:
        store, vault, register, clock = outside.store, outside.vault, outside.register, outside.clock
        connectors, session = outside.connectors, outside.session
        signatures = Signatures(outside.signing_key)
        self.current_access = CurrentAccess(
            vault=vault, connectors=connectors, session=session, clock=clock, call_s=times.renewal_call_s
        )
        end_consent = EndConsent(
            store=store,
            vault=vault,
            current_access=self.current_access,
            connectors=connectors,
            session=session,
        )
        finish = FinishChange(
            store=store,
            register=register,
            vault=vault,
            end_consent=end_consent,
            publish=outside.publish,
            clock=clock,
        )
        save = SaveConnection(store=store, register=register, vault=vault, finish=finish, clock=clock)
        self.save = SaveInput(
            connectors=connectors, session=session, save=save, signatures=signatures, clock=clock
        )
        self.delete = DeleteConnection(store=store, finish=finish, clock=clock)
        self.records = ClientsRecords(store=store, consents=outside.consents, delete=self.delete, clock=clock)
        self.observe = ObserveConnection(store=store, finish=finish, clock=clock)
        self.lease = LeaseAccess(
            store=store, current_access=self.current_access, observe=self.observe, clock=clock
        )
        self.try_credentials = TryCredentials(
            connectors=connectors, session=session, signatures=signatures, clock=clock
        )
        self.run_consent = RunConsent(
            store=outside.consents,
            register=register,
            vault=vault,
            save=save,
            finish=finish,
            connectors=connectors,
            session=session,
            signatures=signatures,
            clock=clock,
        )
        probe = ProbeRights(
            store=store,
            lease=self.lease,
            observe=self.observe,
            connectors=connectors,
            session=session,
            clock=clock,
        )
        self.sweep = Sweep(
            store=store,
            save=save,
            finish=finish,
            consents=self.run_consent,
            probe=probe,
            keep_alive=KeepAlive(store=store, lease=self.lease, connectors=connectors, clock=clock),
            warn=WarnOfExpiry(store=store, finish=finish, clock=clock),
            health=outside.health,
            clock=clock,
            left_open_after_s=times.left_open_after_s,
            every_s=times.sweep_every_s,
        )
