"""What a chart names by a secret, or looks up on a cluster where it is, is shown without it."""

import base64
from collections.abc import Callable

from app.helm.ledger import Progress, Stage
from app.operations.endings import _objects_of
from app.releases.hook import Hook
from app.releases.references import HIDDEN
from app.releases.release import Observed
from app.releases.scrubbing import Scrubber
from reconcilers.actions.run_options import _shown
from simulator import Member
from tests.sample_charts import archive, chart_files
from tests.secrets.test_keeping import REFERENCE, made
from tests.secrets.test_values import SECRET, is_told
from tests.stack import Stack

LOOKS_UP = """kind: ConfigMap
apiVersion: v1
metadata: {name: seen}
data:
  plain: {{ (lookup "v1" "ConfigMap" "default" "shop").data | toJson | quote }}
  packed: {{ (lookup "v1" "ConfigMap" "default" "shop").data | toJson | b64enc }}
  secret: {{ (lookup "v1" "Secret" "default" "kept").data | toJson | quote }}
"""
KEEPS = """kind: Secret
apiVersion: v1
metadata: {name: kept}
stringData: {a: {{ .Values.database.password | quote }}}
"""


def test_objects_of_a_release_that_are_named_by_a_secret_are_listed_without_it() -> None:
    named = f"kind: ConfigMap\nmetadata: {{name: web-{SECRET}, namespace: {SECRET}}}\n"
    manifest = f"{named}---\nkind: Pod\nmetadata: {{name: a}}\n"
    values = {"database": {"password": SECRET}}
    release = Observed("shop", "default", 1, "deployed", "web", "1.0.0", values=values, manifest=manifest)
    found = [(one.kind, one.name, one.namespace) for one in _objects_of(release, ["database.password"])]
    assert found == [("ConfigMap", f"web-{HIDDEN}", HIDDEN), ("Pod", "a", "default")]


def test_a_hook_whose_name_contains_a_secret_is_reported_without_it() -> None:
    hook = Hook("Job", f"migrate-{SECRET}", SECRET, ("pre-upgrade",))
    told = _shown(Progress(Stage.CHECKING, hook), Scrubber([SECRET])).hook
    assert told is not None
    assert (told.kind, told.name, told.namespace, told.events) == (
        *("Job", f"migrate-{HIDDEN}", HIDDEN),
        ("pre-upgrade",),
    )


async def test_a_plan_shows_no_secret_that_its_chart_looks_up_on_the_cluster(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    await stack.register("paris", simulated("paris").kubeconfig)
    await stack.group("fleet", ["paris"])
    for version, template in (("1.0.0", KEEPS), ("2.0.0", KEEPS + "---\n" + LOOKS_UP)):
        files = chart_files(version=version) | {"templates/more.yaml": template}
        await stack.upload(base64.b64encode(archive(files)).decode())
    await made(stack)
    deployment_id = await stack.deployed(releaseName="shop", version="1.0.0", valuesFrom=[REFERENCE])
    (plan,) = (await stack.update(deployment_id, version="2.0.0", dryRun=True))["plan"]["targets"]
    assert plan["error"] is None
    assert "name: seen" in plan["manifest"]
    assert not is_told(SECRET, str(plan))
