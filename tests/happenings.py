"""The kinds of the events that tests make."""

from app.registers.register import EventKind


class Happening(EventKind):
    TEST = "test.happened", "A test did something."
    CLUSTER_LOOKED = "cluster.looked", "A test looked at a cluster."
