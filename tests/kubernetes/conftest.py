from .fixtures import control_planes, helm, members, programs

__all__ = ["control_planes", "helm", "members", "programs"]
