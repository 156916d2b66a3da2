"""Charts whose plan and whose installation have to come out alike, and what comes out."""

import base64
import random
from dataclasses import dataclass

from tests.sample_charts import chart_files

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-a%s}\ndata: {a: b}\n"
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  selector: {matchLabels: {a: %s}}
  template:
    metadata: {labels: {a: b}}
    spec: {containers: [{name: a, image: a, env: [], ports: %s%s}]}
"""
WIDGETS = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %s.%s.test}
spec:
  group: %s.test
  scope: Namespaced
  names: {plural: %s, singular: widget, kind: Widget}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""
HOOK = """apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}-%s", annotations: {"helm.sh/hook": pre-install}}
"""
LOOKUP = """{{- $found := lookup "v1" "Namespace" "" "kube-system" }}
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data: {uid: {{ required "kube-system is there" $found.metadata.uid }}}
"""
VERSIONS = """apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data: {it: {{ .Capabilities.KubeVersion.Version }}}
{{- if .Capabilities.APIVersions.Has "policy/v1beta1" }}{{ fail "an API that went years ago" }}{{ end }}
{{- if not (.Capabilities.APIVersions.Has "apps/v1/Deployment") }}{{ fail "no Deployments" }}{{ end }}
"""


@dataclass(frozen=True)
class Case:
    """Templates and other files of a chart; `error` is the code with which plan and installation fail, and `words` are
    among those of both."""

    files: dict[str, str]
    error: str | None = None
    words: str = ""
    warning: str = ""


def templates(*texts: str, **more: str) -> dict[str, str]:
    return {f"templates/{number}.yaml": text for number, text in enumerate(texts)} | more


PORTS = "[{name: http, containerPort: 8080}, {name: metrics, containerPort: 8080}]"


def noise(size: int) -> str:
    """A text that can't be compressed to fewer bytes than these."""
    return base64.b64encode(random.Random(0).randbytes(size)).decode()


def cases(token: str) -> dict[str, Case]:
    """`token` keeps kinds of one test apart from those of others."""
    group, plural = f"g{token}", f"w{token}"
    definition = WIDGETS % (plural, group, group, plural)
    widget = f"apiVersion: {group}.test/v1\nkind: Widget\nmetadata: {{name: {{{{ .Release.Name }}}}}}\nspec: {{a: 1}}\n"
    third = CONFIG.replace("{name: {{ .Release.Name }}-a%s}", "{name: a, namespace: third-%s}") % token
    return {
        "plain": Case({}),
        "sexagesimal": Case(
            templates("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-c}\ndata:\n  at: 12:30\n")
        ),
        "duplicate-ports": Case(templates(DEPLOYMENT % ("b", PORTS, "")), warning="duplicate"),
        "unknown-field": Case(templates(DEPLOYMENT % ("b", "[]", ", nothing: 1")), warning="unknown field"),
        "wrong-selector": Case(templates(DEPLOYMENT % ("x", "[]", "")), "cluster_refused", "selector"),
        "definitions": Case(templates(widget, CONFIG % "") | {"crds/w.yaml": definition}),
        "definitions-in-templates": Case(
            templates(widget.replace(group, f"t{group}"), WIDGETS % (plural, f"t{group}", f"t{group}", plural)),
            "cluster_refused",
            "no matches for kind",
        ),
        "third-namespace": Case(
            templates(CONFIG % "", third), "cluster_refused", f'namespaces "third-{token}" not found'
        ),
        "own-namespace": Case(
            templates(
                f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: third-{token}o}}\n",
                third.replace(token, f"{token}o"),
            )
        ),
        "hook": Case(templates(HOOK % "hook", CONFIG % "")),
        "wrong-hook": Case(templates(HOOK % "Not_A_Name", CONFIG % ""), "cluster_refused", "Not_A_Name"),
        "lookup": Case(templates(LOOKUP)),
        "versions": Case(templates(VERSIONS)),
        "fails": Case(templates('{{ fail "a colour is needed" }}'), "chart_not_rendered", "a colour is needed"),
        "name": Case(templates(CONFIG % "_B"), "cluster_refused", "is invalid"),
        "list": Case(
            templates("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: l}}\n")
        ),
        "duplicate-key": Case(
            templates("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\ndata: {a: b}\ndata: {c: d}\n")
        ),
        "number-in-text": Case(
            templates("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: numbers}\ndata: {a: 1e6}\n"),
            "cluster_refused",
            "cannot unmarshal number",
        ),
        "large-record": Case(
            templates(CONFIG % "", **{"files/noise.txt": noise(900_000)}), "cluster_refused", "Secret"
        ),
        "release-namespace": Case(
            templates("apiVersion: v1\nkind: Namespace\nmetadata: {name: {{ .Release.Namespace }}}\n", CONFIG % ""),
            "resource_exists",
            "exists",
        ),
        "generated-name": Case(
            templates(HOOK.replace("name:", "generateName:") % "", CONFIG % ""),
            "chart_not_rendered",
            "resource name may not be empty",
        ),
        "no-kind": Case(
            templates("apiVersion: v1\nmetadata: {name: numbers}\n"),
            "cluster_refused",
            "unable to build kubernetes objects",
        ),
    }


def files_of(name: str, case: Case) -> dict[str, str]:
    found = chart_files(name)
    if case.files:
        del found["templates/config.yaml"]
    return found | case.files
