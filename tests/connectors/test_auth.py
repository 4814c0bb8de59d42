import base64

import pytest
from connectors.auth import basic, bearer, hmac_sha256, key_of

KEY = "Qm9ndXNLZXlGb3JEb2NzT25seTEyMzQ1Njc4OTAxMjM="
PREFIX = "0f8c2d34-6b1a-4c57-9e02-7d41ac98b6e520260203041506"


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        ('{"PeriodStart":"20260101","PeriodEnd":"20260131"}', "qcOQcvgDoBLNdX+tetHRu6e1CAtm+q9y8M1r+IduPe4="),
        ("{}", "apcDY5c/xPO0YY3SN+LWb/AtYPu5f/B5JvLFXkH33Ug="),
        ("", "0kfgKo5VAJ/8qPviPeAVUNvH4Tkaxj14Iv58rgGx2v8="),
        ('{"CustName":"Õunaaed OÜ","DebtDate":"20260131"}', "qcCevrEfgmOWmrCn5WVPqy44NdGdv+mmral7L0wJuW4="),
    ],
)
def test_hmac_covers_the_bytes_that_are_sent(body: str, signature: str) -> None:
    assert hmac_sha256(KEY, (PREFIX + body).encode()) == signature


def test_hmac_of_a_published_vector() -> None:
    # RFC 4231, test case 2
    signature = hmac_sha256("Jefe", b"what do ya want for nothing?")

    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert base64.b64decode(signature).hex() == expected


def test_basic_and_bearer() -> None:
    token = "d5e1f3a0-7b42-4c19-9a66-0f2b8c3e1d57"

    assert basic("0", token) == "Basic MDpkNWUxZjNhMC03YjQyLTRjMTktOWE2Ni0wZjJiOGMzZTFkNTc="
    assert basic("5512873", token) == ("Basic NTUxMjg3MzpkNWUxZjNhMC03YjQyLTRjMTktOWE2Ni0wZjJiOGMzZTFkNTc=")
    assert basic("4F9C21D07B6E4A1FA0C3D2E59B874E10", "made-up-secret-Xr7Qm2Vt9Lk4Pz8Hs1Wd5Ng") == (
        "Basic NEY5QzIxRDA3QjZFNEExRkEwQzNEMkU1OUI4NzRFMTA6"
        "bWFkZS11cC1zZWNyZXQtWHI3UW0yVnQ5TGs0UHo4SHMxV2Q1Tmc="
    )
    assert bearer("eyJ") == "Bearer eyJ"


def test_a_key_names_its_parts_without_telling_them() -> None:
    key = key_of("merit-aktiva", "EE", "secret-id")

    assert key == key_of("merit-aktiva", "EE", "secret-id")
    assert key != key_of("merit-aktiva", "EEs", "ecret-id")
    assert "secret" not in key
