{{/* Names, labels and image references: each rule stands here once. */}}

{{- define "katydid.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* First part of all names: at most 40 characters, so that every name made of it fits. */}}
{{- define "katydid.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "katydid.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "katydid.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "katydid.operatorName" -}}
{{- printf "%s-operator" (include "katydid.fullname" .) -}}
{{- end -}}

{{/* Names of cluster-wide objects say the namespace: two releases may have the same name. */}}
{{- define "katydid.clusterName" -}}
{{- printf "%s-%s" (include "katydid.fullname" .) .Release.Namespace -}}
{{- end -}}

{{- define "katydid.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "katydid.operatorName" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed where serviceAccount.create is false." .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "katydid.keySecretName" -}}
{{- default (printf "%s-key" (include "katydid.operatorName" .)) .Values.operator.keySecretName -}}
{{- end -}}

{{/* What finds the operator's pod. It never changes: a Deployment's selector cannot. */}}
{{- define "katydid.selectorLabels" -}}
app.kubernetes.io/name: {{ include "katydid.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{/* Labels of a pod: without the chart's version, which would restart it for nothing. Later ones win. */}}
{{- define "katydid.podLabels" -}}
{{- $ours := merge (include "katydid.selectorLabels" . | fromYaml) (dict
      "app.kubernetes.io/version" (.Chart.AppVersion | toString)
      "app.kubernetes.io/managed-by" .Release.Service
      "app.kubernetes.io/part-of" "katydid") -}}
{{- mergeOverwrite (dict) .Values.commonLabels .Values.operator.podLabels $ours | toYaml -}}
{{- end -}}

{{/* Labels of any other object; `(list . labels)` adds labels of its own. */}}
{{- define "katydid.labels" -}}
{{- $root := . -}}{{- $own := dict -}}
{{- if kindIs "slice" . -}}{{- $root = index . 0 -}}{{- $own = index . 1 -}}{{- end -}}
{{- $ours := merge (include "katydid.selectorLabels" $root | fromYaml) (dict
      "app.kubernetes.io/version" ($root.Chart.AppVersion | toString)
      "app.kubernetes.io/managed-by" $root.Release.Service
      "app.kubernetes.io/part-of" "katydid"
      "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")) -}}
{{- mergeOverwrite (dict) $root.Values.commonLabels $own $ours | toYaml -}}
{{- end -}}

{{/* The reference of an image: `(list . image)`. */}}
{{- define "katydid.image" -}}
{{- $root := index . 0 -}}{{- $image := index . 1 -}}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.repository -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default $root.Chart.AppVersion $image.tag }}{{ end -}}
{{- end -}}

{{- define "katydid.runnerImage" -}}
{{- default (include "katydid.image" (list . .Values.runnerImage)) .Values.defaults.image -}}
{{- end -}}

{{/* The namespaces that a namespaced operator watches, as {"names": […]}; none in cluster scope. */}}
{{- define "katydid.watched" -}}
{{- if eq .Values.rbac.scope "namespaced" -}}
{{- if .Values.rbac.ignoreNamespaces }}{{ fail "rbac.ignoreNamespaces needs rbac.scope=cluster: with scope namespaced, leave a namespace out of rbac.watchNamespaces." }}{{ end -}}
{{- dict "names" (default (list .Release.Namespace) .Values.rbac.watchNamespaces) | toJson -}}
{{- else if .Values.rbac.watchNamespaces -}}
{{- fail "rbac.watchNamespaces needs rbac.scope=namespaced: in scope cluster the operator watches every namespace." -}}
{{- else -}}
{{- dict "names" list | toJson -}}
{{- end -}}
{{- end -}}
