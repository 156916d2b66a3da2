"""The reaction to drift of live objects, and what a comparison has found."""

from enum import StrEnum


class LiveDrift(StrEnum):
    """The reaction to an object on a cluster that differs from the release's manifest."""

    OFF = "OFF"  # objects are not compared
    REPORT = "REPORT"  # differences are shown, and nothing is written
    CORRECT = "CORRECT"  # objects are set back to the manifest, and created again if they are missing


class DriftState(StrEnum):
    """What the comparison of an object, or of all objects of a target, has found."""

    OFF = "OFF"  # not compared, by the deployment's setting; never stored
    UNKNOWN = "UNKNOWN"  # not compared yet, or the cluster is unreachable
    NONE = "NONE"  # no difference, apart from ignored ones
    DRIFTED = "DRIFTED"
    CONTESTED = "CONTESTED"  # of a target: an object differs again after corrections, and the next correction waits
    MISSING = "MISSING"  # of an object: the release has it, and the cluster does not
    NOT_CHECKED = "NOT_CHECKED"  # a comparison is impossible: the reason is stored with the object


DIFFERING = (DriftState.DRIFTED, DriftState.MISSING)
"""The states of an object that a correction changes."""

DRIFTED = (DriftState.DRIFTED, DriftState.CONTESTED)
"""The states of a target with such objects."""
