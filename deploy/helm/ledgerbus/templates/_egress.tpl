{{/* Where a service may connect to, given {root, name, is}. */}}
{{- define "ledgerbus.egress" -}}
{{- $v := .root.Values }}
{{- $policy := $v.networkPolicy }}
{{- include "ledgerbus.infrastructure" . }}
{{- if and .is.mongo }}
{{ include "ledgerbus.to" (dict "peers" $policy.mongo "ports" (list $v.mongo.port)) }}
{{- end }}
{{- with .is.calls }}
- to:
    - podSelector:
        matchLabels:
          {{- include "ledgerbus.selector" (dict "root" $.root "name" .) | nindent 10 }}
  ports: [{port: 8000}]
{{- end }}
{{- if and .is.paths (not (hasPrefix "file:" $v.users.jwksUrl)) }}
{{- $port := include "ledgerbus.port" $v.users.jwksUrl }}
{{- if $policy.users }}
{{ include "ledgerbus.to" (dict "peers" $policy.users "ports" (list $port)) }}
{{- else }}
{{ include "ledgerbus.internet" (dict "root" .root "ports" (list $port)) }}
{{- end }}
{{- end }}
{{- with .is.internet }}
{{ include "ledgerbus.internet" (dict "root" $.root "ports" .) }}
{{- end }}
{{- if .is.webhooks }}
{{- if $v.webhooks.allowPrivate }}
{{ include "ledgerbus.to" (dict "ports" $v.webhooks.ports "anywhere" true) }}
{{- else }}
{{ include "ledgerbus.internet" (dict "root" .root "ports" $v.webhooks.ports) }}
{{- end }}
{{- end }}
{{- if $v.telemetry.otlpEndpoint }}
{{ include "ledgerbus.to" (dict "peers" $policy.otlp "ports" (list (include "ledgerbus.port" $v.telemetry.otlpEndpoint))) }}
{{- end }}
{{- end }}

{{/* Names, Kafka and, where it is needed, Vault. */}}
{{- define "ledgerbus.infrastructure" -}}
{{- $v := .root.Values }}
{{- $policy := $v.networkPolicy }}
{{- $kafka := list }}
{{- range splitList "," $v.kafka.bootstrapServers }}
{{- $kafka = append $kafka (splitList ":" . | last) }}
{{- end }}
- to:
    {{- toYaml $policy.dns | nindent 4 }}
  ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
{{ include "ledgerbus.to" (dict "peers" $policy.kafka "ports" (uniq $kafka)) }}
{{- if .is.vault }}
{{ include "ledgerbus.to" (dict "peers" $policy.vault "ports" (list (include "ledgerbus.port" $v.vault.address))) }}
{{- end }}
{{- end }}

{{/* One rule, given {peers, ports}; without peers to anybody, without ports at any. */}}
{{- define "ledgerbus.to" -}}
{{- if .peers -}}
- to:
    {{- toYaml .peers | nindent 4 }}
  {{- include "ledgerbus.ports" .ports | nindent 2 }}
{{- else if .ports -}}
- {{ include "ledgerbus.ports" .ports | trim }}
{{- else -}}
- {}
{{- end }}
{{- end }}

{{- define "ledgerbus.internet" -}}
{{- $policy := .root.Values.networkPolicy -}}
- to:
    - ipBlock: {cidr: 0.0.0.0/0, except: {{ toJson $policy.privateRanges }}}
    - ipBlock: {cidr: "::/0", except: {{ toJson $policy.privateRangesV6 }}}
  {{- include "ledgerbus.ports" .ports | nindent 2 }}
{{- end }}

{{- define "ledgerbus.ports" -}}
{{- if . -}}
ports:
  {{- range . }}
  - {port: {{ . }}}
  {{- end }}
{{- end }}
{{- end }}

{{/* The port of an address, which may be the scheme's own. */}}
{{- define "ledgerbus.port" -}}
{{- $url := urlParse . -}}
{{- $named := regexFind ":[0-9]+$" $url.host -}}
{{- if $named }}{{ trimPrefix ":" $named }}{{ else }}{{ eq $url.scheme "https" | ternary 443 80 }}{{ end }}
{{- end }}
