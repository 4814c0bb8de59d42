# Vault or OpenBao on one machine, as docker-compose.yml runs it: data on disk, no TLS since only the inner network reaches it.
storage "raft" {
  path    = "/vault/file"
  node_id = "vault"
}

listener "tcp" {
  address     = "0.0.0.0:8200"
  tls_disable = true
}

api_addr      = "http://vault:8200" # also the issuer of the services' tokens
cluster_addr  = "http://vault:8201"
disable_mlock = true # as raft wants it; keep the machine from swapping
