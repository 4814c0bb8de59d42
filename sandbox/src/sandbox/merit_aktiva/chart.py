"""The chart of accounts: code, and name in Estonian, Finnish and Polish."""

from __future__ import annotations

from sandbox.books.chart import Nature, Role
from sandbox.merit_aktiva.company import COUNTRIES

TYPE_IDS = {Nature.ASSET: 1, Nature.LIABILITY: 2, Nature.EQUITY: 2, Nature.INCOME: 3, Nature.EXPENSE: 4}

_ACCOUNTS = {
    Role.CASH: ("1000", "Kassa", "Kassa", "Kasa"),
    Role.BANK: ("1020", "Pangakonto", "Pankkitili", "Rachunek bankowy"),
    Role.RECEIVABLE: ("1200", "Ostjate tasumata summad", "Myyntisaamiset", "Należności"),
    Role.PURCHASE_TAX: ("1510", "Sisendkäibemaks", "Ostojen ALV", "VAT naliczony"),
    Role.FIXED_ASSETS: ("1800", "Põhivara", "Koneet ja kalusto", "Środki trwałe"),
    Role.PAYABLE: ("2110", "Hankijatele tasumata", "Ostovelat", "Zobowiązania"),
    Role.SALES_TAX: ("2310", "Käibemaks", "Myynnin ALV", "VAT należny"),
    Role.PAYROLL_DUE: ("2330", "Võlg töötajatele", "Palkkavelat", "Wynagrodzenia do wypłaty"),
    Role.INCOME_TAX_DUE: ("2340", "Tulumaks", "Tuloverovelka", "Podatek dochodowy"),
    Role.EQUITY: ("2900", "Omakapital", "Oma pääoma", "Kapitał własny"),
    Role.SERVICE_SALES: ("3000", "Teenuste müük", "Palvelumyynti", "Sprzedaż usług"),
    Role.GOODS_SALES: ("3010", "Kaupade müük", "Tavaramyynti", "Sprzedaż towarów"),
    Role.OTHER_INCOME: ("3500", "Muud äritulud", "Muut tuotot", "Pozostałe przychody"),
    Role.GOODS: ("4010", "Kaubad", "Tavarat", "Towary"),
    Role.SERVICES: ("4020", "Ostetud teenused", "Ostopalvelut", "Usługi obce"),
    Role.RENT: ("4110", "Rendikulu", "Vuokrat", "Czynsz"),
    Role.OFFICE: ("4120", "Bürookulud", "Toimistokulut", "Koszty biurowe"),
    Role.WAGES: ("4300", "Palgakulu", "Palkat", "Wynagrodzenia"),
    Role.SOCIAL_TAX: ("4310", "Sotsiaalmaks", "Sosiaalikulut", "Składki ZUS"),
    Role.DEPRECIATION: ("4500", "Amortisatsioon", "Poistot", "Amortyzacja"),
    Role.ROUNDING: ("4900", "Ümardamine", "Pyöristys", "Zaokrąglenia"),
    Role.INTEREST_INCOME: ("6010", "Intressitulu", "Korkotuotot", "Przychody z odsetek"),
    Role.INTEREST_COST: ("6110", "Intressikulu", "Korkokulut", "Koszty odsetek"),
}


def code(role: Role) -> str:
    """The account's code."""
    return _ACCOUNTS[role][0]


def name(role: Role, country: str) -> str:
    """The account's name in the language of the country."""
    return _ACCOUNTS[role][1 + COUNTRIES.index(country)]
