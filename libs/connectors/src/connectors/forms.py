"""Credential forms: pasted fields are stripped and checked, and never quoted."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime

from connectors.errors import FieldProblem, FormError
from connectors.protocol import Access, CredentialField, CredentialForm

# Blanks, no-break and zero-width ones too, come along when a key is copied; no key holds one of its own.
_BLANK = r"[\s\u00a0\u200b-\u200d\u2060\ufeff]+"
_BLANKS = re.compile(_BLANK)
_BLANKS_AROUND = re.compile(rf"\A{_BLANK}|{_BLANK}\Z")

EXPIRES_ON = "expires_on"
# What a file may hold beside a refresh token, so that probing once does not spend it.
ACCESS_FIELDS = (
    CredentialField(name="access_token", label="Access token", secret=True),
    CredentialField(name="expires_at", label="Access token's end"),
)


def read_form(
    form: CredentialForm, fields: Mapping[str, str], *, also: tuple[CredentialField, ...] = ()
) -> dict[str, str]:
    """The form's fields, and those of `also` that were given; raises FormError."""
    values: dict[str, str] = {}
    problems: list[FieldProblem] = []
    optional = tuple(field for field in also if fields.get(field.name))
    for field in form.fields + optional:
        blanks = _BLANKS_AROUND if field.keeps_blanks else _BLANKS
        given = blanks.sub("", str(fields.get(field.name, "")))
        value = _chosen(field, given or field.default or "")
        problem = _problem(field, value)
        if problem:
            problems.append(FieldProblem(field.name, problem))
        elif value:
            values[field.name] = value
    if problems:
        raise FormError(*problems)
    return values


def expiry_field(help_text: str) -> CredentialField:
    """The optional field for the last day of credentials that end by themselves."""
    return CredentialField(
        name=EXPIRES_ON,
        label="Expires on",
        pattern=r"\d{4}-\d{2}-\d{2}",
        required=False,
        help=f"YYYY-MM-DD. {help_text}",
    )


def take_expiry(values: dict[str, str], *, today: date | None = None) -> date | None:
    """The date of `expires_on`, taken out of a form's values; raises FormError."""
    entered = values.pop(EXPIRES_ON, None)
    if entered is None:
        return None
    try:
        expires_on = date.fromisoformat(entered)
    except ValueError:
        raise FormError(FieldProblem(EXPIRES_ON, "This is no day of the calendar")) from None
    if expires_on < (today or datetime.now(UTC).date()):
        raise FormError(FieldProblem(EXPIRES_ON, "The credentials have expired; make new ones"))
    return expires_on


def take_access(values: dict[str, str]) -> Access | None:
    """The access token and its end, taken out of a form's values; raises FormError."""
    token, expires_at = values.pop("access_token", ""), values.pop("expires_at", "")
    if not token:
        return None
    if not expires_at:
        return Access({"access_token": token})
    try:
        end = datetime.fromisoformat(expires_at)
    except ValueError:
        raise FormError(FieldProblem("expires_at", "The end is an ISO 8601 instant")) from None
    return Access({"access_token": token}, end if end.tzinfo else end.replace(tzinfo=UTC))


def _chosen(field: CredentialField, value: str) -> str:
    same = [choice for choice in field.choices if choice.casefold() == value.casefold()]
    return same[0] if same else value


def _problem(field: CredentialField, value: str) -> str | None:
    if not value:
        return f"{field.label} is missing" if field.required else None
    if field.choices and value not in field.choices:
        return f"{field.label} is one of {', '.join(field.choices)}"
    if field.pattern and not re.fullmatch(field.pattern, value):
        return f"{field.label} does not have its usual form; copy it again"
    return None
