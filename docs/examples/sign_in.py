"""A person's token, as the platform signs it; here with the key of the system that runs on this machine.

python docs/examples/sign_in.py .ledgerbus/platform/key.pem firm-7 anna owner
"""

import sys
import time
from pathlib import Path

import jwt

LIFE_S = 900


def token(key: bytes, company: str, person: str, role: str) -> str:
    now = int(time.time())
    claims = {
        "iss": "https://platform.ledgerbus.example",  # …USERS__ISSUER of each service
        "aud": "ledgerbus",  # …USERS__AUDIENCE
        "sub": person,
        "company_id": company,
        "role": role,  # owner, admin or member
        "iat": now,
        "exp": now + LIFE_S,
    }
    # The key set at …USERS__JWKS_URL says which key `platform-1` is.
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": "platform-1"})


if __name__ == "__main__":
    print(token(Path(sys.argv[1]).read_bytes(), *sys.argv[2:5]))
