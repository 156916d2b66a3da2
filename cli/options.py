"""The options of a deployment, as the keys of a deployment file and the fields of the API."""

OPTIONS = {
    "description": "description",
    "atomic": "atomic",
    "wait": "wait",
    "timeout": "timeoutSeconds",
    "remediation": "remediation",
    "driftPolicy": "driftPolicy",
    "crdPolicy": "crdPolicy",
    "liveDrift": "liveDrift",
    "liveDriftIgnore": "liveDriftIgnore",
    "dependsOn": "dependsOn",
    "strategy": "strategy",
}
"""Keys of the file that can be changed without a new generation, and their names in the API."""

_CHECK = "name kind interval count failureLimit inconclusiveLimit errorLimit spec"
_PARTS = {
    "remediation": "retries remedy",
    "liveDriftIgnore": "kind group paths",
    "dependsOn": "releaseName condition",
    "strategy": "waves { name select { labels cloud region distribution kubernetesVersion } size maxConcurrent"
    " maxFailures maxDeferred soak deadline minReady approvals { required role validFor }"
    f" checksBefore {{ {_CHECK} }} checks {{ {_CHECK} }} }}"
    " maxUnavailable onNewer rollBackOn",
}
OPTION_FIELDS = " ".join(f"{name} {{ {_PARTS[name]} }}" if name in _PARTS else name for name in OPTIONS.values())
"""The fields of a query for all options."""
