"""Whatever users and strangers do, whatever fails meanwhile: everything comes to what is wanted, and is shown so."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.kubernetes.member import Member
from tests.soak.soak import soak

pytestmark = pytest.mark.timeout(1800)

SECONDS = 12.0
"""After so much time no further burst is begun."""
FIXED_SEED = 7


async def test_random_steps_under_faults_come_to_what_is_wanted_and_the_same_steps_are_tried_each_time(
    tmp_path: Path,
) -> None:
    report = await soak(tmp_path, {}, seed=FIXED_SEED, steps=1000, seconds=SECONDS)
    assert not report.problems, str(report)


@pytest.mark.xdist_group("kubernetes")
async def test_random_steps_under_faults_come_to_what_is_wanted_beside_a_real_member_and_others_are_tried_each_time(
    tmp_path: Path, members: Mapping[str, Member], helm: Path, pytestconfig: pytest.Config
) -> None:
    """`--seed` repeats the steps."""
    real = {"berlin": members["berlin"].kubeconfig}
    seed = pytestconfig.getoption("seed")
    report = await soak(tmp_path, real, seed=seed, steps=1000, seconds=SECONDS, helm=str(helm))
    assert not report.problems, str(report)
