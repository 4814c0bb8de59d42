{{/* What every pod has, whatever runs in it. */}}
{{- define "ledgerbus.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "ledgerbus.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* Files of a pod, given {root, is, name}: certificates, and what proves the service to Vault. */}}
{{- define "ledgerbus.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- range $server := list "kafka" "mongo" "vault" }}
{{- if and (or (eq $server "kafka") (index $.is $server)) (index $.root.Values $server).caSecret }}
- {name: {{ $server }}-ca, mountPath: /etc/ledgerbus/{{ $server }}, readOnly: true}
{{- end }}
{{- end }}
{{- if and .is.vault (not .is.once) }}
- {name: vault-login, mountPath: /var/run/ledgerbus, readOnly: true}
{{- end }}
{{- end }}

{{- define "ledgerbus.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- range $server := list "kafka" "mongo" "vault" }}
{{- $secret := (index $.root.Values $server).caSecret }}
{{- if and (or (eq $server "kafka") (index $.is $server)) $secret }}
- name: {{ $server }}-ca
  secret: {secretName: {{ $secret }}, items: [{key: ca.crt, path: ca.crt}]}
{{- end }}
{{- end }}
{{- if and .is.vault (not .is.once) }}
{{- $auth := .root.Values.vault.auth }}
- name: vault-login
  {{- if eq $auth.method "approle" }}
  secret: {secretName: {{ $auth.secretIds }}, defaultMode: 0440, items: [{key: {{ .name }}, path: secret-id}]}
  {{- else }}
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken: {audience: {{ $auth.audience | quote }}, expirationSeconds: 3600, path: token}
  {{- end }}
{{- end }}
{{- end }}
