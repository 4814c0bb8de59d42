{{/* The settings of one service, given {root, name, is}; nothing secret but by reference. */}}
{{- define "ledgerbus.environment" -}}
{{- $v := .root.Values -}}
{{- $own := index $v.services .name -}}
{{- $p := .is.prefix -}}
{{- include "ledgerbus.kafkaEnvironment" (dict "v" $v "prefix" (printf "%s__KAFKA__" $p) "secret" ($own.kafkaSecret | default $v.kafka.secret)) }}
- {name: {{ $p }}__KAFKA__BOOTSTRAP_SERVERS, value: {{ $v.kafka.bootstrapServers | quote }}}
- {name: {{ $p }}__HTTP__HOST, value: 0.0.0.0}
- {name: {{ $p }}__HTTP__PORT, value: "8000"}
{{- if .is.mongo }}
- name: {{ $p }}__MONGO__URL
  valueFrom: {secretKeyRef: {name: {{ $v.mongo.secret }}, key: {{ .name }}}}
- {name: {{ $p }}__MONGO__DATABASE, value: {{ index $v.mongo.databases .name | quote }}}
{{- if $v.mongo.caSecret }}
- {name: {{ $p }}__MONGO__CA_FILE, value: /etc/ledgerbus/mongo/ca.crt}
{{- end }}
{{- end }}
{{- if .is.vault }}
{{- include "ledgerbus.vaultEnvironment" . }}
{{- end }}
{{- if .is.paths }}
- {name: {{ $p }}__USERS__ISSUER, value: {{ $v.users.issuer | quote }}}
- {name: {{ $p }}__USERS__JWKS_URL, value: {{ $v.users.jwksUrl | quote }}}
- {name: {{ $p }}__USERS__AUDIENCE, value: {{ $v.users.audience | quote }}}
- {name: {{ $p }}__USERS__ALGORITHM, value: {{ $v.users.algorithm }}}
{{- end }}
{{- if .is.calls }}
- {name: {{ $p }}__CREDENTIALS_URL, value: "http://{{ include "ledgerbus.fullname" .root }}-{{ .is.calls }}:8000"}
{{- end }}
{{- if eq .name "sync-orchestrator" }}
- {name: {{ $p }}__PUBLIC_URL, value: {{ $v.publicUrl | quote }}}
{{- end }}
{{- if .is.webhooks }}
- {name: {{ $p }}__WEBHOOKS__ALLOW_HTTP, value: {{ $v.webhooks.allowHttp | quote }}}
- {name: {{ $p }}__WEBHOOKS__ALLOW_PRIVATE, value: {{ $v.webhooks.allowPrivate | quote }}}
- {name: {{ $p }}__WEBHOOKS__PORTS, value: {{ $v.webhooks.ports | toJson | quote }}}
{{- end }}
{{- if .is.connectors }}
{{- with $v.connectors.endpoints }}
- {name: CONNECTORS__ENDPOINTS, value: {{ . | toJson | quote }}}
{{- end }}
{{- with $v.connectors.operatorsSecret }}
- name: CONNECTORS__OPERATORS
  valueFrom: {secretKeyRef: {name: {{ . }}, key: operators}}
{{- end }}
{{- end }}
{{- if $v.telemetry.otlpEndpoint }}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ $v.telemetry.otlpEndpoint | quote }}}
{{- with $v.telemetry.headersSecret }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  valueFrom: {secretKeyRef: {name: {{ . }}, key: headers}}
{{- end }}
{{- range $name, $value := $v.telemetry.settings }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end }}
{{- range $name, $value := $own.settings }}
- {name: {{ $p }}__{{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end }}

{{/* How to sign in to Kafka, given {v, prefix, secret}. */}}
{{- define "ledgerbus.kafkaEnvironment" -}}
{{- $sasl := hasPrefix "SASL_" .v.kafka.securityProtocol }}
- {name: {{ .prefix }}SECURITY_PROTOCOL, value: {{ .v.kafka.securityProtocol }}}
{{- if $sasl }}
- {name: {{ .prefix }}SASL_MECHANISM, value: {{ .v.kafka.saslMechanism }}}
{{- range list "username" "password" }}
- name: {{ $.prefix }}{{ upper . }}
  valueFrom: {secretKeyRef: {name: {{ $.secret }}, key: {{ . }}}}
{{- end }}
{{- end }}
{{- if .v.kafka.caSecret }}
- {name: {{ .prefix }}CA_FILE, value: /etc/ledgerbus/kafka/ca.crt}
{{- end }}
{{- end }}

{{- define "ledgerbus.vaultEnvironment" -}}
{{- $vault := .root.Values.vault -}}
{{- $p := printf "%s__VAULT__" .is.prefix }}
- {name: {{ $p }}ADDRESS, value: {{ $vault.address | quote }}}
- {name: {{ $p }}AUTH, value: {{ $vault.auth.method }}}
{{- with $vault.auth.mount }}
- {name: {{ $p }}AUTH_MOUNT, value: {{ . | quote }}}
{{- end }}
{{- if eq $vault.auth.method "approle" }}
- {name: {{ $p }}ROLE_ID, value: {{ .name }}}
- {name: {{ $p }}SECRET_ID_FILE, value: /var/run/ledgerbus/secret-id}
{{- else }}
- {name: {{ $p }}ROLE, value: {{ .name }}}
- {name: {{ $p }}TOKEN_FILE, value: /var/run/ledgerbus/token}
{{- end }}
{{- with $vault.namespace }}
- {name: {{ $p }}NAMESPACE, value: {{ . | quote }}}
{{- end }}
{{- if $vault.caSecret }}
- {name: {{ $p }}CA_FILE, value: /etc/ledgerbus/vault/ca.crt}
{{- end }}
{{- end }}
