# A token of one company, named by its login: <company>/token-sets/<id> and nothing of any other company.
# Provisioning puts the login's accessor in the place of COMPANIES.
path "ledgerbus/data/{{identity.entity.aliases.COMPANIES.metadata.company}}/token-sets/+" {
  capabilities = ["create", "read", "update"]
}

# Deleting the metadata destroys all versions.
path "ledgerbus/metadata/{{identity.entity.aliases.COMPANIES.metadata.company}}/token-sets/+" {
  capabilities = ["read", "delete"]
}
