"""What a change is bound to besides its request. By default, to nothing."""

from app.core.transaction import Transaction
from app.deployments.desired_state import DesiredState
from app.deployments.proposal import Proposal
from app.tables.deployments import Deployment
from app.tables.operations import Operation


class Binding:
    """A change calls these methods before it writes, and while it does. Each may refuse the change with an error.

    `chart_digest` names the stored archive of the chart to use, in place of the version that the repository has now.
    A change that `is_planned` is made exactly as a plan has shown it: an update that changes nothing but has
    something to do on clusters (`acts`) reconciles them."""

    is_planned = False
    acts = False

    def __init__(self, chart_digest: str | None = None) -> None:
        self.chart_digest = chart_digest

    async def check(self, proposal: Proposal) -> None:
        """Called with what the change will write, before the transaction."""

    async def begin(self, transaction: Transaction, deployment: Deployment, state: DesiredState | None) -> None:
        """Called in the transaction, once the deployment is locked and before it is changed."""

    async def end(self, transaction: Transaction, deployment: Deployment, operation: Operation | None) -> None:
        """Called in the transaction, once everything is written."""


UNBOUND = Binding()
