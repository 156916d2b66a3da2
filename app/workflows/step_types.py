"""The built-in step types: a step type is a function from inputs to outputs, each described by a JSON Schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs

from app.cel.expression import MAX_TEXT
from app.health.rules import VARIABLES
from app.workflows.schemas import Schema

_TEXT = {"type": "string"}
_TEXTS = {"type": ["string", "array"], "items": _TEXT}
_DURATION = {"type": "string", "pattern": r"^(?=\d)(\d{1,6}d)?(\d{1,6}h)?(\d{1,6}m)?(\d{1,8}s)?$"}


_VERSION = {"type": "string", "pattern": r"^([a-z0-9.-]{1,253}/)?v[a-z0-9]{1,62}$"}
_KIND = {"type": "string", "pattern": r"^[A-Za-z0-9]{1,63}$"}
_NAME = {"type": "string", "pattern": r"^(?!\.{1,2}$)[^/%]{1,253}$"}
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_NAMESPACE = {"type": "string", "pattern": f"^({_LABEL})?$"}


def _object(required: list[str], **fields: Any) -> Schema:
    return {"type": "object", "required": required, "additionalProperties": False, "properties": fields}


_SUBJECT: Mapping[str, Any] = {
    "cluster": _TEXT,
    "apiVersion": _VERSION,
    "kind": _KIND,
    "namespace": _NAMESPACE,
    "name": _NAME,
}
"""The inputs that name an object on a cluster."""
_CONDITION = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
_NAMED = ["cluster", "apiVersion", "kind", "name"]
_METADATA = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": _NAME, "namespace": _NAMESPACE},
}
_WANTED = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata"],
    "properties": {"apiVersion": _VERSION, "kind": _KIND, "metadata": _METADATA},
}
_FOUND = _object(["object"], object={})


PENDING_RESULT = "pending-result"
RUN_WORKFLOW = "run-workflow"

_REQUEST: Mapping[str, Any] = {
    "method": {"type": "string", "enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], "default": "GET"},
    "url": _TEXT,
    "headers": {"type": "object", "additionalProperties": _TEXT},
    "secretHeaders": {
        "type": "array",
        "items": _object(["name", "secret", "key"], name=_TEXT, secret=_TEXT, key=_TEXT, prefix=_TEXT),
    },
    "timeout": _DURATION,
    "body": {},
}
"""The inputs that describe an HTTP request."""

_GOAL = {"type": "string", "enum": ["NONE", "DEPLOYED", "HEALTHY"], "default": "DEPLOYED"}
_DEPLOYED = _object(
    ["generation", "rollout", "targets"],
    generation={"type": "integer"},
    rollout={"type": ["string", "null"]},
    targets={
        "type": "array",
        "items": _object(["cluster", "status", "health"], cluster=_TEXT, status=_TEXT, health=_TEXT),
    },
)
CONDITIONS = ("failIf", "until")


@dataclass(frozen=True, slots=True)
class StepType:
    """`example` is a step of this type, in YAML. `conditions_see` are the variables of the inputs `until` and `failIf`,
    conditions in CEL that the step itself evaluates; empty if it has none."""

    name: str
    description: str
    example: str
    inputs: Schema
    outputs: Schema
    conditions_see: tuple[str, ...] = ()


_ALL = (
    StepType(
        "log",
        "Writes a line to the log of the step.",
        "name: announce\ntype: log\ninputs: {message: Building the image.}\n",
        _object(["message"], message=_TEXT),
        _object([]),
    ),
    StepType(
        "assert",
        "Fails unless a condition is true.",
        "name: checkSize\ntype: assert\ninputs: {condition: '${{ 2 > 1 }}', message: The image is too large.}\n",
        _object(["condition"], condition={"type": "boolean"}, message=_TEXT),
        _object([]),
    ),
    StepType(
        "sleep",
        "Waits for a time, such as 90s or 2h.",
        "name: soak\ntype: sleep\ninputs: {duration: 15m}\n",
        _object(["duration"], duration=_DURATION),
        _object([]),
    ),
    StepType(
        "signal",
        "Waits until a signal with this name is sent to the run, and returns the payload of the signal.",
        "name: waitForTraffic\ntype: signal\ninputs: {signal: traffic-shifted}\n",
        _object(["signal"], signal=_TEXT),
        _object(["payload"], payload={}),
    ),
    StepType(
        "approve",
        "Waits until a user approves, and fails if one rejects.",
        "name: review\ntype: approve\ninputs: {message: 'Release to all regions?'}\n",
        _object(["message"], message=_TEXT),
        _object(["user", "comment"], user=_TEXT, comment={"type": ["string", "null"]}),
    ),
    StepType(
        "http-request",
        "Sends an HTTP request, and returns the response; a body that is JSON is parsed. A response with a status of"
        " 400 or more is a failure. `secretHeaders` are headers with the value of a key of a secret. With `until`, the"
        " request is repeated every `interval` (default 10s) until the condition is true; the step fails as soon as"
        " `failIf` is true. Both are conditions in CEL without `${{ }}` that see `status`, `headers` and `body`.",
        "name: build\ntype: http-request\n"
        "inputs: {method: POST, url: 'https://builds.example.com/images', body: {image: shop}}\n"
        "outputs: {id: '${{ result.body.id }}'}\n",
        _object(
            ["url"],
            **_REQUEST,
            until=_CONDITION,
            failIf=_CONDITION,
            interval=_DURATION,
        ),
        _object(
            ["status", "headers", "body"],
            status={"type": "integer"},
            headers={"type": "object", "additionalProperties": _TEXT},
            body={},
        ),
        conditions_see=("status", "headers", "body"),
    ),
    StepType(
        PENDING_RESULT,
        "Sends an HTTP request that gives another system a token, and waits until `completePendingResult` is called"
        " with the token and a result, or an error. `{token}` stands for the token in the URL, the headers and the body"
        " of the request. A response with a status of 400 or more is a failure. Give the step a `timeout`.",
        "name: build\ntype: pending-result\n"
        "inputs:\n"
        "  request:\n"
        "    method: POST\n"
        "    url: https://builds.example.com/images\n"
        "    body: {image: shop, token: '{token}'}\n"
        "timeout: 2h\n"
        "outputs: {digest: '${{ string(result.result.digest) }}'}\n",
        _object(["request"], request=_object(["url"], **_REQUEST)),
        _object(["result"], result={}),
    ),
    StepType(
        RUN_WORKFLOW,
        "Starts a run of another workflow, as its current revision, and waits for its end. The step fails if the run"
        " fails or is cancelled. If the step is stopped, the run is cancelled.",
        "name: preload\ntype: run-workflow\n"
        "inputs: {workflow: preload-image, parameters: {image: shop, regions: [eu-west-1]}, workflowId: preload-shop}\n"
        "outputs: {digest: '${{ string(result.outputs.digest) }}'}\n",
        _object(
            ["workflow"],
            workflow=_TEXT,
            parameters={"type": "object", "default": {}},
            workflowId=_TEXT,
        ),
        _object(["workflowId", "outputs"], workflowId=_TEXT, outputs={"type": "object"}),
    ),
    StepType(
        "select-clusters",
        "Returns the clusters of the organization that meet all conditions, or those of a group, by name. A condition"
        " with several values is met by any of them. Use the result as the items of a `forEach`.",
        "name: european\ntype: select-clusters\ninputs: {region: [eu-west-1, eu-central-1], labels: {tier: edge}}\n",
        _object(
            [],
            group=_TEXT,
            labels={"type": "object", "additionalProperties": _TEXTS},
            cloud=_TEXTS,
            region=_TEXTS,
            distribution=_TEXTS,
            kubernetesVersion=_TEXT,
        ),
        _object(
            ["clusters"],
            clusters={
                "type": "array",
                "items": _object(
                    ["name", "cloud", "region", "distribution", "labels", "kubernetesVersion", "group"],
                    name=_TEXT,
                    cloud=_TEXT,
                    region={"type": ["string", "null"]},
                    distribution=_TEXT,
                    labels={"type": "object", "additionalProperties": _TEXT},
                    kubernetesVersion=_TEXT,
                    group=_TEXT,
                ),
            },
        ),
    ),
    StepType(
        "read-object",
        "Reads an object on a cluster. The data of Secrets is hidden. A missing object is a failure, or null if it is"
        " `optional`.",
        "name: read\ntype: read-object\n"
        "inputs: {cluster: paris, apiVersion: v1, kind: ConfigMap, namespace: shop, name: settings}\n"
        "outputs: {color: '${{ result.object.data.color }}'}\n",
        _object(_NAMED, **_SUBJECT, optional={"type": "boolean", "default": False}),
        _FOUND,
    ),
    StepType(
        "apply-object",
        "Creates or changes an object on a cluster by server-side apply, as the field manager `polyhelm`. A field that"
        " another manager owns is a conflict, unless `force` takes it over. `secrets` puts values of secrets at paths"
        " of the object.",
        "name: configure\ntype: apply-object\n"
        "inputs:\n"
        "  cluster: paris\n"
        "  object:\n"
        "    apiVersion: v1\n"
        "    kind: Secret\n"
        "    metadata: {namespace: shop, name: builds}\n"
        "    stringData: {user: shop}\n"
        "  secrets: [{path: stringData.token, secret: builds, key: token}]\n",
        _object(
            ["cluster", "object"],
            cluster=_TEXT,
            object=_WANTED,
            force={"type": "boolean", "default": False},
            secrets={
                "type": "array",
                "maxItems": 100,
                "items": _object(["path", "secret", "key"], path=_TEXT, secret=_TEXT, key=_TEXT),
            },
        ),
        _FOUND,
    ),
    StepType(
        "patch-object",
        "Changes an object on a cluster by a patch of the type merge (RFC 7386), json (RFC 6902) or strategic (of"
        " Kubernetes; not for custom resources).",
        "name: scale\ntype: patch-object\n"
        "inputs:\n"
        "  {cluster: paris, apiVersion: apps/v1, kind: Deployment, namespace: shop, name: web,"
        " patch: {spec: {replicas: 3}}}\n",
        _object(
            [*_NAMED, "patch"],
            **_SUBJECT,
            type={"type": "string", "enum": ["merge", "json", "strategic"], "default": "merge"},
            patch={"type": ["object", "array"]},
        ),
        _FOUND,
    ),
    StepType(
        "delete-object",
        "Deletes an object on a cluster, and waits until it is gone. A missing object is not a failure, unless"
        " `ignoreMissing` is false. `propagation` says what happens to the objects that it owns.",
        "name: cleanUp\ntype: delete-object\n"
        "inputs: {cluster: paris, apiVersion: v1, kind: ConfigMap, namespace: shop, name: settings}\n"
        "timeout: 10m\n",
        _object(
            _NAMED,
            **_SUBJECT,
            ignoreMissing={"type": "boolean", "default": True},
            propagation={
                "type": "string",
                "enum": ["Background", "Foreground", "Orphan"],
                "default": "Background",
            },
        ),
        _object(["deleted"], deleted={"type": "boolean"}),
    ),
    StepType(
        "wait-for",
        "Waits until an object on a cluster exists and `until` is true for it, and fails as soon as `failIf` is true."
        " Both are conditions in CEL without `${{ }}`. They see `object`, `metadata`, `spec`, `status`, `data`,"
        " `apiVersion` and `kind`. A condition that names a field that the object lacks is not true.",
        "name: untilReady\ntype: wait-for\n"
        "inputs:\n"
        "  {cluster: paris, apiVersion: apps/v1, kind: Deployment, namespace: shop, name: web,"
        " until: status.readyReplicas == spec.replicas}\n"
        "timeout: 15m\n",
        _object([*_NAMED, "until"], **_SUBJECT, until=_CONDITION, failIf=_CONDITION),
        _FOUND,
        conditions_see=tuple(VARIABLES),
    ),
    StepType(
        "run-job",
        "Runs a Job on a cluster and waits for its end. The logs of its pods become the log of the step. It is deleted"
        " when the step has ended, has failed, or was stopped. `spec` has further fields of the Job's specification.",
        "name: migrate\ntype: run-job\n"
        "inputs:\n"
        "  cluster: paris\n"
        "  namespace: shop\n"
        "  image: registry.example.com/shop:1.2\n"
        "  command: [shop, migrate]\n"
        "  env: [{name: TARGET, value: '1.2'}]\n"
        "  spec: {backoffLimit: 2, template: {spec: {nodeSelector: {disk: ssd}}}}\n"
        "timeout: 30m\n",
        _object(
            ["cluster", "namespace"],
            cluster=_TEXT,
            namespace={"type": "string", "pattern": f"^{_LABEL}$"},
            image={"type": "string", "minLength": 1},
            command={"type": "array", "items": _TEXT},
            args={"type": "array", "items": _TEXT},
            env={"type": "array", "items": {"type": "object", "required": ["name"], "properties": {"name": _TEXT}}},
            serviceAccount=_NAME,
            spec={"type": "object"},
        ),
        _object(["name"], name=_TEXT),
    ),
    StepType(
        "deploy",
        "Changes the desired state of a deployment, as `updateDeployment` does, and waits until its targets have it."
        " `waitFor` is NONE, DEPLOYED (the default) or HEALTHY. If the deployment has a strategy, the step waits for"
        " the rollout, and fails unless that succeeds. Stopping the step ends the wait alone.",
        "name: release\ntype: deploy\n"
        "inputs: {deployment: shop, version: 1.3.0, values: {replicas: 3}, reuseValues: true, waitFor: HEALTHY}\n"
        "timeout: 30m\n",
        _object(
            ["deployment"],
            deployment=_TEXT,
            group=_TEXT,
            version=_TEXT,
            values={"type": "object"},
            reuseValues={"type": "boolean"},
            overrides={"type": "object", "additionalProperties": {"type": "object"}},
            targets={"type": "array", "items": _TEXT},
            confirmRemoval={"type": "integer"},
            waitFor=_GOAL,
        ),
        _DEPLOYED,
    ),
    StepType(
        "reconcile",
        "Makes the targets of a deployment match its desired state, all or the named ones, as `reconcileDeployment`"
        " does, and waits as `deploy` does.",
        "name: repair\ntype: reconcile\ninputs: {deployment: shop, targets: [paris]}\ntimeout: 30m\n",
        _object(
            ["deployment"],
            deployment=_TEXT,
            group=_TEXT,
            targets={"type": "array", "items": _TEXT},
            waitFor=_GOAL,
        ),
        _DEPLOYED,
    ),
)
STEP_TYPES: Mapping[str, StepType] = {each.name: each for each in _ALL}


@lru_cache(maxsize=100)
def _validator(name: str) -> Any:
    return jsonschema_rs.validator_for(dict(STEP_TYPES[name].inputs))


def input_problem(name: str, inputs: Mapping[str, Any]) -> str | None:
    """Why a step type refuses inputs, in one sentence. Expressions may have put any values into them."""
    for error in _validator(name).iter_errors(dict(inputs)):
        place = ".".join(["inputs", *map(str, error.instance_path)])
        return f"{place}: {error.message[:300]}."
    return None
