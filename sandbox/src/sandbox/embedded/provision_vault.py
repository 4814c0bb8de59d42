"""`python -m sandbox.embedded.provision_vault --address URL --secret-ids DIR`: provision a vault of your own.

The token of somebody who may do that is read from the variable VAULT_TOKEN.
"""

import argparse
import os
import sys
from pathlib import Path

import hvac
import requests

from sandbox.embedded.provisioning import provision

TIMEOUT_S = 10.0


def main() -> int:
    """Provision once; 2 without a token."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.embedded.provision_vault", description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--secret-ids", type=Path, required=True, help="a folder; one file for each service")
    options = parser.parse_args()
    token = os.environ.get("VAULT_TOKEN")
    if not token:
        sys.stderr.write("Set VAULT_TOKEN to a token that may administer the vault.\n")
        return 2
    with requests.Session() as session:
        provision(
            hvac.Client(url=options.address, token=token, session=session, timeout=TIMEOUT_S),
            options.secret_ids,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
