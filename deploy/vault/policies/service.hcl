# Every service: prove to its sisters who it is, with a signed token of 15 minutes.
path "identity/oidc/token/ledgerbus-service" {
  capabilities = ["read"]
}
