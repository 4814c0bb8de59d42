# The credentials service alone: clients' secrets, <company>/token-sets/<id>.
path "ledgerbus/data/+/token-sets/+" {
  capabilities = ["create", "read", "update"]
}

# Deleting the metadata destroys all versions.
path "ledgerbus/metadata/+/token-sets/+" {
  capabilities = ["read", "delete"]
}

path "ledgerbus/metadata/+/token-sets/" {
  capabilities = ["list"]
}

# Its own secrets, such as the key that signs the state of a consent.
path "ledgerbus/data/_service/+" {
  capabilities = ["create", "read", "update"]
}

path "ledgerbus/metadata/_service/+" {
  capabilities = ["read", "delete"]
}
