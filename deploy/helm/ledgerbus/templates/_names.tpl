{{- define "ledgerbus.fullname" -}}
{{- if .Values.fullnameOverride -}}{{ .Values.fullnameOverride }}
{{- else if contains .Chart.Name .Release.Name -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "ledgerbus.ours" -}}
app.kubernetes.io/name: ledgerbus
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Of one component, given {root, name}: by these it is found. */}}
{{- define "ledgerbus.selector" -}}
{{ include "ledgerbus.ours" .root }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "ledgerbus.labels" -}}
{{ include "ledgerbus.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "ledgerbus.metadata" -}}
name: {{ include "ledgerbus.fullname" .root }}-{{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "ledgerbus.labels" . | nindent 2 }}
{{- end }}

{{- define "ledgerbus.image" -}}
{{- with .root.Values.image -}}
{{ if .registry }}{{ .registry }}/{{ end }}{{ .repository }}/{{ $.name }}:{{ .tag | default $.root.Chart.AppVersion }}
{{- end -}}
{{- end }}
