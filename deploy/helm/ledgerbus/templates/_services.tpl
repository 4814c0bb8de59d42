{{/* What the five services are and need; everything else in this chart follows from it. */}}
{{- define "ledgerbus.services" -}}
credentials:
  prefix: CREDENTIALS
  module: credentials
  paths: [/v1, /v1/records/credentials]
  calledBy: [sync-orchestrator, connector-workers]
  consumes: false
  mongo: true
  vault: true
  connectors: true
  internet: [443]
sync-orchestrator:
  prefix: SYNC_ORCHESTRATOR
  module: sync_orchestrator
  paths: [/v1/runs, /v1/records/sync-orchestrator]
  consumes: true
  mongo: true
  vault: true
  calls: credentials
connector-workers:
  prefix: CONNECTOR_WORKERS
  module: connector_workers
  consumes: true
  vault: true
  connectors: true
  calls: credentials
  internet: [443]
summary-writer:
  prefix: SUMMARY_WRITER
  module: summary_writer
  paths: [/v1/summaries, /v1/records/summary-writer]
  consumes: true
  mongo: true
notifier:
  prefix: NOTIFIER
  module: notifier
  paths: [/v1/receipts, /v1/webhooks, /v1/records/notifier]
  consumes: true
  mongo: true
  vault: true
  webhooks: true
{{- end }}
