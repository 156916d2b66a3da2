"""What the tests of permissions and of the audit log have to know of a subject, in order to ask for all that it adds to
the API. A subject has it in `tests/<subject>/walk.py`, as `WALK`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from tests.stack import Stack


async def _nothing(_: Stack) -> dict[str, str]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Walk:
    """What one subject adds.

    Args:
        inputs: the least input of each mutation. Words that stand for ids are replaced by these.
        audited: mutations in an order in which each can be done, with their inputs and the kinds of their events.
        least: the callers who may do a mutation, where these are not admins.
        masked: the paths of texts in inputs that the audit log masks.
        arguments: the arguments of fields that need some, by `Type.field`, and an id for each node, by `node.Type`.
        words: words that stand for ids, by the type of the object.
        made: makes one object of each type in a stack with the cluster `paris` in the group `fleet`, and returns their
            ids by word.
        absent: types of which that stack has no object.
        published: texts that every organization sees.
    """

    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    audited: Sequence[tuple[str, dict[str, Any], list[str]]] = ()
    least: Mapping[str, str] = field(default_factory=dict)
    masked: Set[str] = frozenset()
    arguments: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    made: Callable[[Stack], Awaitable[Mapping[str, str]]] = _nothing
    absent: Set[str] = frozenset()
    published: Set[str] = frozenset()
