"""What the tests of permissions and of the audit log have to know of workflows."""

from collections.abc import Mapping

from tests.stack import Stack
from tests.walk import Walk

DEFINITION = '{name: hello, steps: [{name: greet, type: log, inputs: {message: "canary"}}]}'


async def made(stack: Stack) -> Mapping[str, str]:
    answer = await stack.mutate("saveWorkflow", "... on WorkflowPayload { workflow { id } }", definition=DEFINITION)
    return {"WORKFLOW": answer["workflow"]["id"]}


WALK = Walk(
    inputs={"saveWorkflow": {"definition": DEFINITION}, "deleteWorkflow": {"id": "WORKFLOW"}},
    audited=[
        ("saveWorkflow", {"definition": DEFINITION, "organization": "default"}, ["workflow.saved"]),
        ("deleteWorkflow", {"id": "workflow"}, ["workflow.deleted"]),
    ],
    least={"saveWorkflow": "deployer-of-default", "deleteWorkflow": "deployer-of-default"},
    masked={"saveWorkflow.definition"},
    arguments={
        "Query.workflow": 'name: "hello"',
        "WorkflowDefinition.revisionByNumber": "number: 1",
        "node.WorkflowDefinition": "WORKFLOW",
    },
    words={"WORKFLOW": "WorkflowDefinition"},
    made=made,
)
