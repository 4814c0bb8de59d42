"""How the credentials service gets a token for one company: a login that it lets the vault sign."""

import hvac

NAME = "ledgerbus-companies"

_KEY = "login"
_TOKEN_TTL = "5m"  # noqa: S105 (a duration)


def provide_company_logins(client: hvac.Client, policy: str) -> str:
    """Make the signing key and the login that takes its signatures; the accessor, for the policy's text."""
    transit, jwt = client.secrets.transit, client.auth.jwt
    if f"{NAME}/" not in client.sys.list_mounted_secrets_engines()["data"]:
        client.sys.enable_secrets_engine("transit", path=NAME)
    transit.create_key(_KEY, key_type="ecdsa-p256", mount_point=NAME)
    keys = transit.read_key(_KEY, mount_point=NAME)["data"]["keys"]
    if f"{NAME}/" not in client.sys.list_auth_methods()["data"]:
        client.sys.enable_auth_method("jwt", path=NAME)
    jwt.configure(
        jwt_validation_pubkeys=[version["public_key"] for version in keys.values()],
        jwt_supported_algs=["ES256"],
        bound_issuer="ledgerbus-credentials",
        path=NAME,
    )
    jwt.create_role(
        "company",
        role_type="jwt",
        user_claim="sub",
        claim_mappings={"company": "company"},
        bound_audiences=[NAME],
        allowed_redirect_uris=[],
        token_policies=[policy],
        token_no_default_policy=True,
        token_type="batch",  # noqa: S106 (not stored by the vault, so that it costs little)
        token_ttl=_TOKEN_TTL,
        token_max_ttl=_TOKEN_TTL,
        path=NAME,
    )
    accessor: str = client.sys.list_auth_methods()["data"][f"{NAME}/"]["accessor"]
    return accessor
