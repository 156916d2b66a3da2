import sysconfig
from pathlib import Path

import pytest

from tests.releases.oracle import Oracle


@pytest.fixture(scope="session", params=["installed along", "newest"])
def oracle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    """Each of the two Helms that tests have, which are years apart."""
    along = Path(sysconfig.get_path("scripts")) / "helm"
    program = along if request.param == "installed along" else request.getfixturevalue("helm")
    return Oracle(program, tmp_path_factory.mktemp("oracle"))


@pytest.fixture(scope="session")
def newest(helm: Path, tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    return Oracle(helm, tmp_path_factory.mktemp("oracle"))
