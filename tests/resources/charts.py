"""A chart with objects of many kinds."""

import base64

from tests.sample_charts import archive, chart_files

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      containers:
      - name: web
        image: registry.test/web:{{ .Values.tag }}
"""
CONFIG_MAP = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data: {tag: {{ .Values.tag | quote }}}
"""
SECRET = """
apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}
stringData: {password: canary-in-the-coal-mine}
"""
INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ .Release.Name }}
spec:
  rules:
  - host: {{ .Release.Name }}.shop.test
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
"""
ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ .Release.Name }}
rules: []
"""
HOOK = """
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-migrate
  annotations: {helm.sh/hook: pre-install}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: "registry.test/migrate:1"}]
"""
ALL = {
    "deployment": DEPLOYMENT,
    "config-map": CONFIG_MAP,
    "secret": SECRET,
    "ingress": INGRESS,
    "role": ROLE,
    "hook": HOOK,
}


def chart(*templates: str, name: str = "web", version: str = "1.0.0", **more: str) -> str:
    """The chart with these of its templates (all where none is named), and `more` of them, in base64."""
    files = {f"templates/{each}.yaml": ALL[each] for each in templates or ALL}
    files |= {f"templates/{each}.yaml": text for each, text in more.items()}
    found = chart_files(name, version, values="replicas: 1\ntag: '1.0'\n")
    kept = {path: text for path, text in found.items() if not path.startswith("templates/")}
    return base64.b64encode(archive(kept | files, name)).decode()
