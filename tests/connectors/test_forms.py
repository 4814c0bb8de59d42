from dataclasses import replace
from datetime import date

import pytest
from connectors.errors import FormError
from connectors.forms import expiry_field, read_form, take_expiry
from connectors.protocol import CredentialField, CredentialForm
from connectors.registry import connector_for
from sync_contracts.providers import Provider

FORM = CredentialForm(
    provider=Provider.XERO,
    name="Acme",
    fields=(
        CredentialField(name="country", label="Country", choices=("EE", "FI")),
        CredentialField(name="key", label="Key", secret=True, pattern=r"[A-Z]{4}"),
        CredentialField(name="company", label="Company", required=False, default="0"),
    ),
    manual_url="https://acme.example",
)
MERIT = {"country": "EE", "api_id": "0f8c2d34-6b1a-4c57-9e02-7d41ac98b6e5", "api_key": "Qm9ndXM="}


def problem_fields(error: FormError) -> list[str]:
    return [problem.field for problem in error.problems]


@pytest.mark.parametrize("blank", [" ", "\t", "\r\n", "\u00a0", "\u200b", "\ufeff"])
def test_blanks_that_came_along_are_stripped(blank: str) -> None:
    values = read_form(FORM, {"country": f"{blank}EE", "key": f"AB{blank}CD{blank}"})

    assert values == {"country": "EE", "key": "ABCD", "company": "0"}


def test_a_password_keeps_the_blanks_inside_it() -> None:
    password = CredentialField(name="password", label="Password", secret=True, keeps_blanks=True)

    values = read_form(replace(FORM, fields=(password,)), {"password": " \u200bcorrect  horse\n"})

    assert values == {"password": "correct  horse"}


def test_a_choice_is_taken_in_any_case() -> None:
    assert read_form(FORM, {"country": "fi", "key": "ABCD"})["country"] == "FI"


def test_every_field_that_does_not_fit_is_named_and_none_is_quoted() -> None:
    with pytest.raises(FormError) as caught:
        read_form(FORM, {"country": "XX", "key": "secret"})

    assert problem_fields(caught.value) == ["country", "key"]
    assert "secret" not in str(caught.value) + "".join(p.message for p in caught.value.problems)


def test_merit_needs_country_id_and_key() -> None:
    with pytest.raises(FormError) as caught:
        connector_for(Provider.MERIT_AKTIVA).split({})

    assert problem_fields(caught.value) == ["country", "api_id", "api_key"]


def test_merit_keeps_the_country_out_of_the_grant() -> None:
    credentials = connector_for(Provider.MERIT_AKTIVA).split({**MERIT, "api_key": " Qm9ndXM=\n"})

    assert credentials.settings == {"country": "EE"}
    assert credentials.grant.values == {"api_id": MERIT["api_id"], "api_key": "Qm9ndXM="}


def test_tripletex_fills_in_its_defaults() -> None:
    credentials = connector_for(Provider.TRIPLETEX).split({"employee_token": "eyJ0b2tlbiI6MX0="})

    assert credentials.settings == {"environment": "production", "company_id": "0"}
    assert credentials.grant.values == {"employee_token": "eyJ0b2tlbiI6MX0="}


@pytest.mark.parametrize("blank", ["", " ", "\u200b"])
def test_a_field_left_blank_takes_its_default(blank: str) -> None:
    fields = {"employee_token": "eyJ0b2tlbiI6MX0=", "company_id": blank, "environment": blank}

    credentials = connector_for(Provider.TRIPLETEX).split(fields)

    assert credentials.settings == {"environment": "production", "company_id": "0"}


def test_tripletex_refuses_a_token_of_another_form_and_a_company_that_is_no_number() -> None:
    fields = {"employee_token": "abc", "company_id": "x"}

    with pytest.raises(FormError) as caught:
        connector_for(Provider.TRIPLETEX).split(fields)

    assert problem_fields(caught.value) == ["employee_token", "company_id"]


def test_an_end_date_is_taken_out_of_the_values() -> None:
    values = {"key": "abc", "expires_on": "2026-11-23"}

    expires_on = take_expiry(values, today=date(2026, 11, 23))

    assert expires_on == date(2026, 11, 23)
    assert values == {"key": "abc"}


def test_no_end_date_is_known_where_none_was_entered() -> None:
    assert take_expiry({"key": "abc"}) is None


@pytest.mark.parametrize("entered", ["2026-11-22", "2027-02-29", "soon", "20270331"])
def test_an_end_date_that_is_none_or_is_over_is_named(entered: str) -> None:
    form = replace(FORM, fields=(expiry_field("On the key's page."),))

    with pytest.raises(FormError) as caught:
        take_expiry(read_form(form, {"expires_on": entered}), today=date(2026, 11, 23))

    assert problem_fields(caught.value) == ["expires_on"]


def test_tripletex_knows_when_its_token_ends() -> None:
    fields = {"employee_token": "eyJ0b2tlbiI6MX0=", "expires_on": " 2999-12-31 "}

    credentials = connector_for(Provider.TRIPLETEX).split(fields)

    assert credentials.expires_on == date(2999, 12, 31)
    assert credentials.grant.values == {"employee_token": "eyJ0b2tlbiI6MX0="}
    assert credentials.settings == {"environment": "production", "company_id": "0"}


TENANT = "5b1c9c1e-6a0d-4d3b-9a57-3f0c2e8d7a11"


def test_xero_takes_a_pasted_token_with_its_organisation() -> None:
    fields = {
        "refresh_token": "r-1",
        "tenant_id": TENANT,
        "access_token": "a-1",
        "expires_at": "2026-05-02T08:30:00Z",
    }

    credentials = connector_for(Provider.XERO).split(fields)

    assert credentials.settings == {"tenant_id": TENANT}
    assert credentials.grant.values == {"refresh_token": "r-1"}
    assert credentials.access is not None
    assert credentials.access.values == {"access_token": "a-1"}
    assert str(credentials.access.expires_at) == "2026-05-02 08:30:00+00:00"


def test_xero_takes_a_custom_connection_without_an_organisation() -> None:
    keys = {"client_id": "4F9C21D07B6E4A1FA0C3D2E59B874E10", "client_secret": "s"}

    credentials = connector_for(Provider.XERO).split(keys)

    assert credentials.grant.values == keys
    assert credentials.settings == {}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, ["refresh_token"]),
        ({"refresh_token": "r-1"}, ["tenant_id"]),
        ({"client_id": "4F9C21D07B6E4A1FA0C3D2E59B874E10"}, ["refresh_token"]),
        ({"refresh_token": "r-1", "tenant_id": "x"}, ["tenant_id"]),
        (
            {"refresh_token": "r", "tenant_id": TENANT, "access_token": "a", "expires_at": "soon"},
            ["expires_at"],
        ),
    ],
)
def test_xero_names_what_is_missing(fields: dict[str, str], named: list[str]) -> None:
    with pytest.raises(FormError) as caught:
        connector_for(Provider.XERO).split(fields)

    assert problem_fields(caught.value) == named
