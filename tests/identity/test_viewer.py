"""Permissions from several roles, and below the limit of a token."""

import pytest

from app.identity.permissions import PERMISSIONS, Permission, covers, permissions_of
from app.identity.viewer import OrganizationRoles
from app.tables.identity import Role

IN_GROUP = 7


@pytest.fixture(autouse=True)
def auditors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Viewers may read the audit log, which deployers may not: neither role covers the other."""
    monkeypatch.setitem(PERMISSIONS, Role.VIEWER, frozenset((Permission.AUDIT_READ,)))


def allowed(membership: OrganizationRoles, group_id: int | None) -> set[Permission]:
    return {permission for permission in Permission if membership.allows(permission, group_id)}


def test_several_roles_in_a_group_give_the_permissions_of_all_of_them_there_alone() -> None:
    membership = OrganizationRoles("a", Role.VIEWER, {IN_GROUP: frozenset((Role.VIEWER, Role.DEPLOYER))})
    assert allowed(membership, IN_GROUP) == permissions_of((Role.VIEWER, Role.DEPLOYER))
    assert allowed(membership, None) == allowed(membership, 8) == {Permission.AUDIT_READ}
    assert membership.shown_roles(IN_GROUP) == [Role.VIEWER, Role.DEPLOYER]


def test_a_role_that_gives_other_permissions_than_another_one_does_not_cover_it() -> None:
    assert not covers(Role.VIEWER, Role.DEPLOYER)
    assert not covers(Role.DEPLOYER, Role.VIEWER)
    assert covers(Role.ADMIN, Role.VIEWER)


def test_a_token_gives_only_what_both_its_limit_and_the_roles_of_its_user_give() -> None:
    deployer = OrganizationRoles("a", Role.DEPLOYER, ceiling=Role.VIEWER)
    assert allowed(deployer, None) == set()
    admin = OrganizationRoles("a", Role.ADMIN, ceiling=Role.VIEWER)
    assert (allowed(admin, None), admin.shown_role) == ({Permission.AUDIT_READ}, Role.VIEWER)
