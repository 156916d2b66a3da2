"""Member clusters in memory that real Helm and real Kubernetes clients accept: for demos, for tests, for scale."""

from simulator.faults import Faults
from simulator.member import Member
from simulator.simulator import Simulator, SimulatorError

__all__ = ["Faults", "Member", "Simulator", "SimulatorError"]
