{{/* What no schema can say: numbers that have to fit each other. */}}
{{- define "ledgerbus.check" -}}
{{- $root := . }}
{{- $v := .Values }}
{{- $scaled := ne $v.autoscaling.kind "none" }}
{{- range $name, $is := include "ledgerbus.services" . | fromYaml }}
{{- $own := index $v.services $name }}
{{- $most := int $own.replicas }}
{{- if and $scaled (eq $name "connector-workers") }}
{{- $most = int $v.autoscaling.maxReplicas }}
{{- end }}
{{- /* A replica without a partition is never ready, and an upgrade starts one more than there are. */}}
{{- if and $is.consumes (ge $most (int $v.kafka.partitions)) }}
{{- fail (printf "%s: %d replicas and one more at an upgrade need more than kafka.partitions (%d)" $name $most (int $v.kafka.partitions)) }}
{{- end }}
{{- end }}
{{- $workers := index $v.services "connector-workers" }}
{{- /* KEDA follows what is released; CPU says nothing of readings that wait for an answer. */}}
{{- $replicas := index (dict "none" $workers.replicas "keda" $v.autoscaling.maxReplicas "hpa" $v.autoscaling.minReplicas) $v.autoscaling.kind | int }}
{{- $room := mul $replicas (dig "settings" "SLOTS" 500 $workers | int) }}
{{- $released := mul 2 (dig "settings" "SLOTS" 200 (index $v.services "sync-orchestrator") | int) }}
{{- if le $room $released }}
{{- fail (printf "connector-workers: %d replicas have room for %d readings, but %d are released (twice SLOTS of sync-orchestrator): a client alone would wait" $replicas $room $released) }}
{{- end }}
{{- if and $scaled (gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) }}
{{- fail "autoscaling: minReplicas is above maxReplicas" }}
{{- end }}
{{- if and (eq $v.autoscaling.kind "keda") (ge (mul $v.autoscaling.lagPerReplica $v.autoscaling.minReplicas | int) (int $released)) }}
{{- fail (printf "autoscaling: %d requests at most are ever released, and so many fit minReplicas × lagPerReplica: nothing would scale" $released) }}
{{- end }}
{{- end }}
