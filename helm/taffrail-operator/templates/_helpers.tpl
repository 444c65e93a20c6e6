{{- define "taffrail.name" -}}
{{- if contains "taffrail-operator" .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-taffrail-operator" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "taffrail.selector" -}}
app.kubernetes.io/name: taffrail-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "taffrail.labels" -}}
{{ include "taffrail.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "taffrail.rules" -}}
- apiGroups: [taffrail.io]
  resources: [logclusters]
  verbs: [get, list, watch]
- apiGroups: [taffrail.io]
  resources: [logclusters/status, logstreams/status]
  verbs: [update, patch]
# Only for clusters that let an owner reference be set by whoever may finalize the owner.
- apiGroups: [taffrail.io]
  resources: [logclusters/finalizers, logstreams/finalizers]
  verbs: [update]
# Patched for their finalizer.
- apiGroups: [taffrail.io]
  resources: [logstreams]
  verbs: [get, list, watch, update, patch]
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [services, configmaps]
  verbs: [get, list, watch, create, update, patch]
- apiGroups: [""]
  resources: [serviceaccounts]
  verbs: [get, create, patch]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, patch, delete]
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, list, patch]
# What a person decided that cannot be undone is told as an Event.
- apiGroups: [""]
  resources: [events]
  verbs: [create]
# By name alone: the Secret that a LogCluster's tls names.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, create, patch]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, create, patch]
{{- end -}}
