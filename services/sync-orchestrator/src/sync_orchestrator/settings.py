"""Settings of the process, from the environment."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, HttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict
from service_kit.settings import HttpSettings, KafkaSettings, MongoSettings, UserTokenSettings, VaultSettings

from sync_orchestrator.accept_run import Lifetime
from sync_orchestrator.breakers import BreakerRules
from sync_orchestrator.deadlines import Silence
from sync_orchestrator.facts import OutagePatience
from sync_orchestrator.fairness import Credit
from sync_orchestrator.use_cases import Rules
from sync_orchestrator.watch_time import WatchPatience


class Settings(BaseSettings):
    """Variables are SYNC_ORCHESTRATOR__<NAME>; a missing or malformed one stops the start."""

    model_config = SettingsConfigDict(
        env_prefix="SYNC_ORCHESTRATOR__",
        env_nested_delimiter="__",
        frozen=True,
        hide_input_in_errors=True,  # a start-up error must not print a secret
    )

    kafka: KafkaSettings
    mongo: MongoSettings
    vault: VaultSettings
    http: HttpSettings
    users: UserTokenSettings
    credentials_url: HttpUrl
    credentials_ca_file: Path | None = Field(None, description="Whose certificate it may show, too.")
    public_url: HttpUrl = Field(description="Where people reach this service; receipts link to it.")
    credentials_timeout_s: float = Field(10.0, gt=0)

    slots: int = Field(200, ge=1, description="Readings all workers run at once; twice as many are released.")
    reserved_jobs: int = Field(24, ge=0, description="Of these, kept for single clients' runs.")
    account_concurrency: int = Field(1, ge=1, description="Readings of one account at once.")
    deadline_h: float = Field(6.0, gt=0, description="A run's time, not counting daily limits and outages.")
    longest_h: float = Field(48.0, gt=0, description="A run's time, counting everything.")
    outage_attempts: int = Field(8, ge=1, description="Waits for a provider that is down before giving up.")
    outage_first_gap_s: float = Field(30.0, gt=0, description="Doubles with each wait.")
    outage_longest_gap_s: float = Field(1800.0, gt=0)
    site_down_accounts: int = Field(
        5, ge=1, description="Accounts in a row that a provider's server does not answer: nobody asks it."
    )
    site_first_gap_s: float = Field(30.0, gt=0, description="Then one reading tries; doubles while it fails.")
    site_longest_gap_s: float = Field(300.0, gt=0)
    lost_after_s: float = Field(300.0, gt=0, description="Released and not started: sent again.")
    silence_grace_s: float = Field(30.0, gt=0, description="Beyond a started job's budget: a new attempt.")
    cancel_grace_s: float = Field(10.0, gt=0, description="After a cancelling, for jobs on their way.")
    planning_patience_s: float = Field(30.0, gt=0, description="Then another instance finishes the plan.")
    cancel_kept_s: float = Field(600.0, gt=0, description="For a cancel whose request has not come.")
    lease_s: float = Field(10.0, gt=0, description="Who leads; others take over after this time.")
    release_every_s: float = Field(0.25, gt=0)
    ask_again_s: float = Field(1.0, gt=0, description="Between two looks for a run's due jobs.")
    settle_every_s: float = Field(0.2, gt=0)
    watch_every_s: float = Field(5.0, gt=0)
    tell_again_s: float = Field(
        0.0, ge=0, description="Ends this young are told again at the start: for a broker that forgets."
    )
    kept_days: float = Field(400.0, gt=0, description="Ended runs and their jobs; then they are forgotten.")
    forget_every_s: float = Field(600.0, gt=0)
    progress_every_s: float = Field(1.0, gt=0)
    counted_every_s: float = Field(
        15.0, gt=0, description="Between two counts of open runs and jobs, for metrics."
    )

    @property
    def rules(self) -> Rules:
        """The numbers as the use cases take them."""
        return Rules(
            credit=Credit(
                slots=self.slots, reserved=self.reserved_jobs, account_concurrency=self.account_concurrency
            ),
            lifetime=Lifetime(deadline_s=self.deadline_h * 3600, longest_s=self.longest_h * 3600),
            outages=OutagePatience(
                attempts=self.outage_attempts,
                first_s=self.outage_first_gap_s,
                longest_s=self.outage_longest_gap_s,
            ),
            breakers=BreakerRules(
                accounts=self.site_down_accounts,
                first_s=self.site_first_gap_s,
                longest_s=self.site_longest_gap_s,
            ),
            silence=Silence(
                released_s=self.lost_after_s,
                started_grace_s=self.silence_grace_s,
                cancelled_s=self.cancel_grace_s,
            ),
            watch=WatchPatience(planning_s=self.planning_patience_s, cancel_s=self.cancel_kept_s),
            lease_s=self.lease_s,
            ask_again_s=self.ask_again_s,
            progress_every_s=self.progress_every_s,
            kept=timedelta(days=self.kept_days),
        )
