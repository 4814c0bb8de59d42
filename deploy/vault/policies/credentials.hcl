# The credentials service alone: sign a login as one company. It reaches no client's secret under its own name.
path "ledgerbus-companies/sign/login" {
  capabilities = ["update"]
}

# Its own secrets, such as the key that signs the state of a consent.
path "ledgerbus/data/_service/+" {
  capabilities = ["create", "read", "update"]
}

path "ledgerbus/metadata/_service/+" {
  capabilities = ["read", "delete"]
}
