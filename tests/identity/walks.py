"""The walks of all subjects that have one. The subjects of the first version are in `test_permissions.py` and
`test_audit.py`."""

import importlib
from pathlib import Path

from tests.walk import Walk


def _walks() -> list[Walk]:
    subjects = sorted(path.parent.name for path in Path(__file__).parents[1].glob("*/walk.py"))
    return [importlib.import_module(f"tests.{subject}.walk").WALK for subject in subjects]


WALKS = _walks()
