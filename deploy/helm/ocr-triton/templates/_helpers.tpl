{{- define "ocr.name" -}}
{{- $name := ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name) -}}
{{- $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "ocr.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end -}}

{{- define "ocr.testLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: test
{{- end -}}

{{- define "ocr.labels" -}}
{{ include "ocr.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "ocr.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end -}}

{{- define "ocr.kind" -}}
{{- ternary "StatefulSet" "Deployment" (and (eq .Values.profile "tensorrt") .Values.engines.keep) -}}
{{- end -}}

{{- define "ocr.adminSecret" -}}
{{- .Values.adminKey.existingSecret | default (ternary (printf "%s-admin-key" (include "ocr.name" .)) "" (not (empty .Values.adminKey.value))) -}}
{{- end -}}

{{/* The servers that there are at least; "1" has nobody to take over its images. */}}
{{- define "ocr.leastReplicas" -}}
{{- ternary .Values.replicas .Values.autoscaling.minReplicas (eq .Values.autoscaling.kind "none") -}}
{{- end -}}

{{/* The models that have queues: the steps of ocr_ensemble, which itself has none, and the recognizer. */}}
{{- define "ocr.models" -}}
image_preprocessing|text_detection|text_cropping|ctc_decoding|text_recognition
{{- end -}}

{{/* Requests that waited in queues, on average over the window: the seconds waited in each second. */}}
{{- define "ocr.waiting" -}}
rate(nv_inference_queue_duration_us{namespace="{{ .Release.Namespace }}",pod=~"{{ include "ocr.name" . }}-.+",model=~"{{ include "ocr.models" . }}"}[{{ .Values.autoscaling.windowSeconds }}s])
{{- end -}}

{{- define "ocr.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "ocr.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* What the schema cannot compare. */}}
{{- define "ocr.check" -}}
{{- with .Values -}}
{{- if and (eq .image.tag "latest") (not .image.digest) -}}
{{- fail "image.tag must name a release: latest is another image tomorrow, and servers would differ" -}}
{{- end -}}
{{- range $label, $_ := .podLabels -}}
{{- if hasPrefix "app.kubernetes.io/" $label -}}
{{- fail (printf "podLabels must not have %s: services find their servers by it" $label) -}}
{{- end -}}
{{- end -}}
{{- if and (eq .models.source "claim") (not .models.claim.name) -}}
{{- fail "models.source claim needs models.claim.name, the PersistentVolumeClaim with the exported models" -}}
{{- end -}}
{{- if and (eq .models.source "oci") (not .models.oci.reference) -}}
{{- fail "models.source oci needs models.oci.reference, the image with the exported models" -}}
{{- end -}}
{{- if and (eq .models.source "address") (not .models.address.url) -}}
{{- fail "models.source address needs models.address.url, such as s3://bucket/models" -}}
{{- end -}}
{{- if and (eq .models.source "address") .models.version -}}
{{- fail (printf "models.version %v cannot be chosen at an address: the configurations there name it" .models.version) -}}
{{- end -}}
{{- if and (eq .autoscaling.kind "keda") (not .autoscaling.keda.prometheusAddress) -}}
{{- fail "autoscaling.kind keda needs autoscaling.keda.prometheusAddress, such as http://prometheus.monitoring:9090" -}}
{{- end -}}
{{- if and (ne .expose.kind "none") (not .expose.hosts) -}}
{{- fail (printf "expose.kind %s needs expose.hosts, such as [ocr.example.com]" .expose.kind) -}}
{{- end -}}
{{- if and (eq .expose.kind "gateway") (not .expose.gateway.name) -}}
{{- fail "expose.kind gateway needs expose.gateway.name, the Gateway that listens for expose.hosts" -}}
{{- end -}}
{{- if and (has .profile (list "gpu" "tensorrt")) (lt (int .resources.gpus) 1) -}}
{{- fail (printf "profile %s needs a GPU: set resources.gpus to 1 or more" .profile) -}}
{{- end -}}
{{- if and (ne .autoscaling.kind "none") (lt (int .autoscaling.maxReplicas) (int .autoscaling.minReplicas)) -}}
{{- fail (printf "autoscaling.maxReplicas (%v) must not be below autoscaling.minReplicas (%v)" .autoscaling.maxReplicas .autoscaling.minReplicas) -}}
{{- end -}}
{{- if and (ne .autoscaling.kind "none") (lt (int .autoscaling.windowSeconds) (mul 4 (int .monitoring.intervalSeconds))) -}}
{{- fail (printf "autoscaling.windowSeconds (%v) must be at least four times monitoring.intervalSeconds (%v)" .autoscaling.windowSeconds .monitoring.intervalSeconds) -}}
{{- end -}}
{{- if and (eq .autoscaling.kind "hpa") (not .monitoring.rule) -}}
{{- fail "autoscaling.kind hpa needs the metric of the recording rule: set monitoring.rule to true" -}}
{{- end -}}
{{- if and .adminKey.value .adminKey.existingSecret -}}
{{- fail "give adminKey.value or adminKey.existingSecret, not both" -}}
{{- end -}}
{{- if and (eq .expose.kind "ingress") .expose.grpcHosts -}}
{{- fail "expose.grpcHosts needs expose.kind gateway: an Ingress has no word for gRPC" -}}
{{- end -}}
{{- range .expose.grpcHosts -}}
{{- if has . $.Values.expose.hosts -}}
{{- fail (printf "%s is in expose.hosts and in expose.grpcHosts: a Gateway takes a host for one of them only" .) -}}
{{- end -}}
{{- end -}}
{{- if and (ne .expose.kind "none") .networkPolicy.enabled (empty .networkPolicy.clients) -}}
{{- fail "networkPolicy.clients must let in the proxy of expose, for example [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NAMESPACE}}}]" -}}
{{- end -}}
{{- if and (has (toString .rollout.maxSurge) (list "0" "0%")) (has (toString .rollout.maxUnavailable) (list "0" "0%")) -}}
{{- fail "rollout.maxSurge and rollout.maxUnavailable must not both be 0: no server could be replaced" -}}
{{- end -}}
{{- end -}}
{{- end -}}
