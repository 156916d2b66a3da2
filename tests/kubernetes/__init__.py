"""Real Kubernetes control planes for tests and the demo: etcd and API servers, built from source.

One of them can have a node with real pods (`node.py`). Start reading at `controlplane.py`;
`python -m tests.kubernetes --help` serves those who want a cluster to play with.
"""
