"""Charts whose objects do all that pods and their controllers can do: they get ready, crash, fail, wait."""

import base64
from collections.abc import Mapping

from tests.kubernetes.node import IMAGE
from tests.sample_charts import archive, chart_files


def _pod(script: str, *, image: str = IMAGE, more: str = "", restart: str = "Always", kind: str = "web") -> str:
    return f"""
    metadata: {{labels: {{app: {kind}}}}}
    spec:
      restartPolicy: {restart}
      terminationGracePeriodSeconds: 5
      containers:
      - name: main
        image: {image}
        command: [sh, -c, {script!r}]
{more}"""


def _workload(kind: str, name: str, pod: str, more: str = "") -> str:
    return f"""
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
{more}
  template:{pod.replace("app: web", f"app: {name}")}
"""


WAITS = "sleep 1000000"
SERVES = "trap 'echo stopping; exit 0' TERM; touch /tmp/ready; echo serving; while true; do sleep 0.1; done"
READINESS = "        readinessProbe: {exec: {command: [cat, /tmp/ready]}, periodSeconds: 1}"

SHOP = {
    "web": _workload("Deployment", "web", _pod(SERVES, more=READINESS)),
    "agent": _workload("DaemonSet", "agent", _pod(WAITS)),
    "store": _workload("StatefulSet", "store", _pod(WAITS), "  serviceName: store"),
    "absent": _workload("Deployment", "absent", _pod(WAITS, image="127.0.0.1:1/absent:1")),
    "crashing": _workload("Deployment", "crashing", _pod("echo out of paper; exit 3")),
    "scaled": _workload("Deployment", "scaled", _pod(WAITS), "  replicas: 1"),
    "idle": _workload("Deployment", "idle", _pod(WAITS), "  replicas: 0"),
    "failing": f"""
apiVersion: batch/v1
kind: Job
metadata: {{name: failing}}
spec:
  backoffLimit: 0
  template:{_pod("echo no input; exit 4", restart="Never")}
""",
    "working": f"""
apiVersion: batch/v1
kind: Job
metadata: {{name: working}}
spec:
  template:{_pod("echo done", restart="Never")}
""",
    "balancer": """
apiVersion: v1
kind: Service
metadata: {name: balancer}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
""",
    **{
        f"{name}-scaler": f"""
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: {name}}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {name}}}
  minReplicas: 2
  maxReplicas: 3
  metrics: [{{type: Resource, resource: {{name: cpu, target: {{type: Utilization, averageUtilization: 50}}}}}}]
"""
        for name in ("scaled", "idle")
    },
    **{
        name: f"""
apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}}}
data: {{color: blue}}
"""
        for name in ("edited", "deleted")
    },
}


READY = {
    "rolled": _workload("Deployment", "rolled", _pod(SERVES, more=READINESS), "  replicas: 2"),
    "hook": f"""
apiVersion: batch/v1
kind: Job
metadata: {{name: migrate, annotations: {{helm.sh/hook: pre-install}}}}
spec:
  backoffLimit: 0
  template:{_pod("echo migrated", restart="Never")}
""",
}
"""A chart whose rollout ends well."""


def packed(name: str, templates: Mapping[str, str]) -> str:
    """The chart in base64, as `uploadChart` takes it."""
    files = {path: text for path, text in chart_files(name).items() if not path.startswith("templates/")}
    files |= {f"templates/{each}.yaml": text for each, text in templates.items()}
    return base64.b64encode(archive(files, root=name)).decode()
