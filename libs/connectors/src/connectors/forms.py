"""Credential forms: pasted fields are stripped and checked, and never quoted."""

import re
from collections.abc import Mapping

from connectors.errors import FieldProblem, FormError
from connectors.protocol import CredentialField, CredentialForm

# Blanks, no-break and zero-width ones too, come along when a key is copied; no field holds one of its own.
_BLANKS = re.compile(r"[\s\u00a0\u200b-\u200d\u2060\ufeff]+")


def read_form(
    form: CredentialForm, fields: Mapping[str, str], *, also: tuple[CredentialField, ...] = ()
) -> dict[str, str]:
    """The form's fields, and those of `also` that were given; raises FormError."""
    values: dict[str, str] = {}
    problems: list[FieldProblem] = []
    optional = tuple(field for field in also if fields.get(field.name))
    for field in form.fields + optional:
        given = fields.get(field.name)
        value = _chosen(field, _BLANKS.sub("", str(given if given is not None else field.default or "")))
        problem = _problem(field, value)
        if problem:
            problems.append(FieldProblem(field.name, problem))
        elif value:
            values[field.name] = value
    if problems:
        raise FormError(*problems)
    return values


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
