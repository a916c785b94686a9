{{- define "tracktik-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The release's name alone where it holds the chart's: `helm install tracktik-operator` makes no tracktik-operator-tracktik-operator. */}}
{{- define "tracktik-operator.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "tracktik-operator.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "tracktik-operator.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* With a part behind it, and still no longer than a name may be. */}}
{{- define "tracktik-operator.named" -}}
{{- $whole := include "tracktik-operator.fullname" .context }}
{{- printf "%s-%s" ($whole | trunc (sub 62 (len .part) | int) | trimSuffix "-") .part }}
{{- end }}

{{/* Never to be changed, nor added to: a Deployment's selector cannot be. */}}
{{- define "tracktik-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tracktik-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tracktik-operator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "tracktik-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "tracktik-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "tracktik-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "tracktik-operator.subjects" -}}
subjects:
  - kind: ServiceAccount
    name: {{ include "tracktik-operator.serviceAccountName" . }}
    namespace: {{ .Release.Namespace }}
{{- end }}

{{- define "tracktik-operator.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "tracktik-operator.leaseName" -}}
{{- default (include "tracktik-operator.fullname" .) .Values.leaderElection.leaseName }}
{{- end }}

{{- define "tracktik-operator.leaseNamespace" -}}
{{- default .Release.Namespace .Values.leaderElection.leaseNamespace }}
{{- end }}

{{/* Longer than the end of the process takes: a request, the write of its token, and giving up the lease. */}}
{{- define "tracktik-operator.gracePeriod" -}}
{{- if kindIs "invalid" .Values.terminationGracePeriodSeconds }}
{{- add 35 (default 40 .Values.timeouts.requestSeconds) }}
{{- else }}
{{- .Values.terminationGracePeriodSeconds }}
{{- end }}
{{- end }}

{{/* What contradicts itself is refused here, and not found out by an operator that does nothing. */}}
{{- define "tracktik-operator.validate" -}}
{{- if and (gt (int .Values.replicaCount) 1) (not .Values.leaderElection.enabled) }}
{{- fail "replicaCount is more than 1 while leaderElection.enabled is false: each replica would log in on its own. Set one of the two." }}
{{- end }}
{{- $bundles := compact (list .Values.caBundle.pem .Values.caBundle.configMap.name .Values.caBundle.secret.name) }}
{{- if gt (len $bundles) 1 }}
{{- fail "caBundle: set one of pem, configMap.name and secret.name" }}
{{- end }}
{{- if not (kindIs "invalid" .Values.terminationGracePeriodSeconds) }}
{{- $needed := int (add 35 (default 40 .Values.timeouts.requestSeconds)) }}
{{- if lt (int .Values.terminationGracePeriodSeconds) $needed }}
{{- fail (printf "terminationGracePeriodSeconds has to be at least %d, 35 more than timeouts.requestSeconds: a token that was granted could be lost" $needed) }}
{{- end }}
{{- end }}
{{- end }}
