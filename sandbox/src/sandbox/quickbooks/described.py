"""What a company tells of itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.quickbooks.company import Company

Body = dict[str, Any]


def company_info(company: Company) -> Body:
    """GET /companyinfo: nothing in it repeats the realm."""
    profile = company.account.profile
    return {
        "CompanyInfo": {
            "CompanyName": profile.name,
            "LegalName": profile.name,
            "CompanyStartDate": company.made_at.date().isoformat(),
            "Country": profile.country,
            "FiscalYearStartMonth": "January",
            "SupportedLanguages": "en",
            "NameValue": [
                {"Name": "SubscriptionStatus", "Value": "PAID"},
                {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
            ],
            "domain": "QBO",
            "sparse": False,
            "Id": "1",
            "SyncToken": "4",
            "MetaData": {
                "CreateTime": pacific(company.made_at),
                "LastUpdatedTime": pacific(company.made_at),
            },
        },
        "time": pacific(company.made_at),
    }


def preferences(company: Company) -> Body:
    """GET /preferences."""
    return {
        "Preferences": {
            "CurrencyPrefs": {"MultiCurrencyEnabled": True, "HomeCurrency": {"value": company.currency}},
            "ReportPrefs": {"ReportBasis": "Cash" if company.habits.cash_basis else "Accrual"},
            "domain": "QBO",
            "Id": "1",
        },
        "time": pacific(company.made_at),
    }


def pacific(moment: datetime) -> str:
    """An instant as the vendor writes it: on the west coast."""
    return f"{moment.astimezone(UTC) - timedelta(hours=8):%Y-%m-%dT%H:%M:%S}-08:00"
