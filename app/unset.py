"""What a request leaves out, where null means something else."""

from enum import Enum


class Unset(Enum):
    UNSET = "UNSET"


UNSET = Unset.UNSET
