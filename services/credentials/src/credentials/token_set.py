"""A token set as it stands in Vault: what one consent or one pair of keys gave us."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid4

from connectors.protocol import Access, Grant
from pydantic import TypeAdapter, ValidationError

_SAVES_KEPT = 20


@dataclass(frozen=True, slots=True)
class Issued:
    """Access that was handed to us; `access_id` names it without telling it."""

    access_id: UUID
    access: Access

    @classmethod
    def now(cls, access: Access) -> "Issued":
        return cls(uuid4(), access)


@dataclass(frozen=True, slots=True)
class Refreshing:
    """Somebody is renewing the access; when `until` has passed, they died."""

    owner: UUID
    until: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """The provider no longer takes the grant."""

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSet:
    """The secrets themselves; nothing here shows them in a text."""

    grant: Grant = field(repr=False)
    issued: Issued | None = field(default=None, repr=False)
    refreshing: Refreshing | None = None
    is_unanswered: bool = False
    refusal: Refusal | None = None
    saves: tuple[UUID, ...] = ()

    def saved(self, ref: UUID, grant: Grant, issued: Issued | None) -> "TokenSet":
        """A newer grant of the same owner replaces the old one, whatever was going on with that."""
        return TokenSet(grant=grant, issued=issued, saves=(*self.saves, ref)[-_SAVES_KEPT:])

    def also_used(self, ref: UUID) -> "TokenSet":
        """One more save relies on the grant that is there."""
        return replace(self, saves=(*self.saves, ref)[-_SAVES_KEPT:])

    def claimed(self, marker: Refreshing) -> "TokenSet":
        """Marked before the call; a marker that was left behind means a call without an answer."""
        return replace(
            self, refreshing=marker, is_unanswered=self.is_unanswered or self.refreshing is not None
        )

    def renewed(self, grant: Grant, access: Access) -> "TokenSet":
        return replace(
            self, grant=grant, issued=Issued.now(access), refreshing=None, is_unanswered=False, refusal=None
        )

    def refused(self, cause: str) -> "TokenSet":
        return replace(self, issued=None, refreshing=None, refusal=Refusal(cause))

    def unclaimed(self, *, is_unanswered: bool) -> "TokenSet":
        """The call failed without a verdict; unanswered, the provider may have rotated the token."""
        return replace(self, refreshing=None, is_unanswered=self.is_unanswered or is_unanswered)

    def has_grant(self, grant: Grant) -> bool:
        return dict(self.grant.values) == dict(grant.values)

    def to_vault(self) -> dict[str, object]:
        """JSON for the vault's key-value store."""
        return dict(_STORED.dump_python(self, mode="json"))

    @classmethod
    def from_vault(cls, data: Mapping[str, object]) -> "TokenSet":
        """The token set of such JSON; UnreadableTokenSetError otherwise."""
        try:
            return _STORED.validate_python(data)
        except ValidationError:
            raise UnreadableTokenSetError from None  # pydantic's text quotes the input, a secret here


class UnreadableTokenSetError(Exception):
    """What stands in Vault does not have the form of a token set."""


_STORED: TypeAdapter[TokenSet] = TypeAdapter(TokenSet)
