# The notifier alone: make webhooks' secrets from a key that nobody can read, this service included.
path "ledgerbus-transit/hmac/webhooks" {
  capabilities = ["update"]
}
