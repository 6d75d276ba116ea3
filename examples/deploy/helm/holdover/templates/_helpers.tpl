{{- define "holdover.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "holdover.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "holdover.labels" -}}
{{ include "holdover.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "holdover.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "holdover.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "holdover.name" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end -}}

{{- define "holdover.configMap" -}}
{{ .Values.existingConfigMap | default (include "holdover.name" .) }}
{{- end -}}

{{/* What both modes share of their pod. Takes a dictionary: root, args, ports, probes, restart. */}}
{{- define "holdover.pod" -}}
{{- $root := .root -}}
{{- $values := .root.Values -}}
metadata:
  labels:
    {{- include "holdover.selector" $root | nindent 4 }}
    {{- with $values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    {{- if not $values.existingConfigMap }}
    checksum/config: {{ $values.config | sha256sum }}
    {{- end }}
    {{- with $values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  restartPolicy: {{ .restart }}
  serviceAccountName: {{ include "holdover.serviceAccount" $root }}
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 30
  {{- with $values.image.pullSecrets }}
  imagePullSecrets: {{ toYaml . | nindent 4 }}
  {{- end }}
  securityContext: {{ toYaml $values.podSecurityContext | nindent 4 }}
  containers:
    - name: holdover
      image: {{ include "holdover.image" $root | quote }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args: {{ toYaml .args | nindent 8 }}
      {{- with $values.extraEnv }}
      env: {{ toYaml . | nindent 8 }}
      {{- end }}
      {{- if .serves }}
      ports:
        - { name: https, containerPort: {{ $values.serve.port }} }
      # The scheduler is alive; a run that goes on does not matter.
      livenessProbe:
        httpGet: { path: /healthz, port: https, scheme: HTTPS }
        periodSeconds: 30
        timeoutSeconds: 5
        failureThreshold: 4
      readinessProbe:
        httpGet: { path: /readyz, port: https, scheme: HTTPS }
        periodSeconds: 15
        timeoutSeconds: 10
      {{- end }}
      securityContext: {{ toYaml $values.securityContext | nindent 8 }}
      resources: {{ toYaml $values.resources | nindent 8 }}
      volumeMounts:
        - { name: config, mountPath: /config, readOnly: true }
        {{- if $values.existingSecret }}
        - { name: secrets, mountPath: /secrets, readOnly: true }
        {{- end }}
        {{- if or $values.roster.existingSecret $values.roster.existingConfigMap }}
        - { name: roster, mountPath: /roster, readOnly: true }
        {{- end }}
        - { name: state, mountPath: /state }
        - { name: tmp, mountPath: /tmp }
        {{- with $values.extraVolumeMounts }}{{ toYaml . | nindent 8 }}{{ end }}
  volumes:
    - name: config
      configMap: { name: {{ include "holdover.configMap" $root }} }
    {{- if $values.existingSecret }}
    - name: secrets
      secret: { secretName: {{ $values.existingSecret }}, defaultMode: 0440 }
    {{- end }}
    {{- if $values.roster.existingSecret }}
    - name: roster
      secret: { secretName: {{ $values.roster.existingSecret }}, defaultMode: 0440 }
    {{- else if $values.roster.existingConfigMap }}
    - name: roster
      configMap: { name: {{ $values.roster.existingConfigMap }} }
    {{- end }}
    - name: state
      persistentVolumeClaim:
        claimName: {{ $values.persistence.existingClaim | default (printf "%s-state" (include "holdover.name" $root)) }}
    - name: tmp
      emptyDir: { sizeLimit: 256Mi }
    {{- with $values.extraVolumes }}{{ toYaml . | nindent 4 }}{{ end }}
  {{- with $values.nodeSelector }}
  nodeSelector: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.affinity }}
  affinity: {{ toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
