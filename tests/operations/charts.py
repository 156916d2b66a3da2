"""Charts whose hooks and workloads end only when their member lets them: `faults.stuck` keeps them from it."""

import base64

from tests.sample_charts import archive, chart_files

_JOB = """apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-%(hook)s
  annotations: {"helm.sh/hook": %(hook)s, "helm.sh/hook-delete-policy": before-hook-creation}
spec:
  backoffLimit: 0
  template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}
"""
_DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {values: {{ toJson .Values | quote }}}}
    spec: {containers: [{name: web, image: nginx}]}
"""


def with_hook(hook: str, name: str | None = None) -> str:
    """A packaged chart, in base64, with a Job as a hook, as `pre-install`. It is called as the hook, or `name`."""
    return _packed(name or hook, {"templates/job.yaml": _JOB % {"hook": hook}})


def with_workload() -> str:
    """A packaged chart, `waiting`, with a Deployment that `wait: true` waits for after each change of
    values."""
    return _packed("waiting", {"templates/web.yaml": _DEPLOYMENT})


def with_failing_hook() -> str:
    """A packaged chart, `failing`, with a Job as a hook of each install and upgrade. The value `phase: Failed` makes it
    fail."""
    pod = '{metadata: {annotations: {polyhelm.test/phase: {{ .Values.phase | default "" | quote }}}}, spec:'
    job = (_JOB % {"hook": "pre-install"}).replace('hook": pre-install', 'hook": "pre-install,pre-upgrade"')
    return _packed("failing", {"templates/job.yaml": job.replace("{spec:", pod)})


def _packed(name: str, files: dict[str, str]) -> str:
    return base64.b64encode(archive(chart_files(name) | files, root=name)).decode()
