"""The root of mutations: each takes one input, calls one use case, and answers with its payload or a user error."""

from collections.abc import Callable
from typing import Any

import strawberry

from app.charts import browse, catalog
from app.charts.download import Login
from app.clusters import registration as clusters
from app.deployments.creation import CreateDeployment, create_deployment
from app.deployments.deletion import delete_deployment
from app.deployments.reconcile import reconcile_deployment
from app.deployments.state import Override
from app.deployments.update import UpdateDeployment, update_deployment
from app.groups import features, membership
from app.identity import accounts, registration, roles, sessions, tokens, users
from app.secrets import changes as secrets
from app.unset import UNSET
from resolvers import browser
from resolvers.audit import Resolve, audited
from schema import inputs, payloads
from schema.charts import Chart, ChartRepository
from schema.clusters import Cluster
from schema.context import Info
from schema.deployments import DeploymentPayload, abandoned_of
from schema.groups import ClusterGroup
from schema.identity import Member, User
from schema.ids import row_id
from schema.operations import Operation
from schema.secrets import Secret


def _mutation(description: str) -> Callable[[Resolve], Any]:
    def wrap(resolve: Resolve) -> Any:
        return strawberry.mutation(resolver=audited(resolve), description=description)

    return wrap


def _values_from(given: list[inputs.ValueFromInput] | None) -> list[dict[str, str]]:
    return [vars(entry) for entry in given or []]


def _overrides(given: list[inputs.ValueOverrideInput] | None) -> list[Override]:
    return [
        Override(
            one.cluster,
            {} if one.values is None else one.values,
            None if one.values_from is None else _values_from(one.values_from),
        )
        for one in given or []
    ]


@strawberry.type
class Mutation:
    @_mutation("Registers a cluster from a kubeconfig, once its API server has answered.")
    async def register_cluster(
        self,
        info: Info,
        input: inputs.RegisterClusterInput,  # noqa: A002
    ) -> payloads.RegisterClusterResult:
        request = clusters.RegisterCluster(**vars(input))
        row = await clusters.register_cluster(info.context.services, info.context.viewer, request)
        return payloads.ClusterPayload(cluster=Cluster.of(row))

    @_mutation("Forgets a cluster and its credentials.")
    async def remove_cluster(
        self,
        info: Info,
        input: inputs.RemoveClusterInput,  # noqa: A002
    ) -> payloads.RemoveClusterResult:
        abandoned = await clusters.remove_cluster(
            info.context.services, info.context.viewer, row_id(input.id, "Cluster"), force=bool(input.force)
        )
        return payloads.RemoveClusterPayload(id=input.id, abandoned=abandoned_of(abandoned))

    @_mutation("Makes a group of clusters.")
    async def create_cluster_group(
        self,
        info: Info,
        input: inputs.CreateClusterGroupInput,  # noqa: A002
    ) -> payloads.CreateClusterGroupResult:
        row = await membership.create_group(
            info.context.services, info.context.viewer, input.organization, input.name, input.members
        )
        return payloads.ClusterGroupPayload(cluster_group=ClusterGroup.of(row))

    @_mutation("Renames a group, or changes its members; who leaves has the group's releases uninstalled.")
    async def update_cluster_group(
        self,
        info: Info,
        input: inputs.UpdateClusterGroupInput,  # noqa: A002
    ) -> payloads.UpdateClusterGroupResult:
        row, begun = await membership.update_group(
            info.context.services, info.context.viewer, row_id(input.id, "ClusterGroup"), input.name, input.members
        )
        return payloads.ClusterGroupPayload(
            cluster_group=ClusterGroup.of(row), operations=[Operation.of(operation) for operation in begun]
        )

    @_mutation("Deletes a group.")
    async def delete_cluster_group(
        self,
        info: Info,
        input: inputs.DeleteClusterGroupInput,  # noqa: A002
    ) -> payloads.DeleteClusterGroupResult:
        abandoned = await membership.delete_group(
            info.context.services, info.context.viewer, row_id(input.id, "ClusterGroup"), force=bool(input.force)
        )
        return payloads.DeleteClusterGroupPayload(id=input.id, abandoned=abandoned_of(abandoned))

    @_mutation("Turns a feature of a group on or off.")
    async def set_group_feature(
        self,
        info: Info,
        input: inputs.SetGroupFeatureInput,  # noqa: A002
    ) -> payloads.SetGroupFeatureResult:
        row = await features.set_feature(
            info.context.services,
            info.context.viewer,
            row_id(input.group, "ClusterGroup"),
            input.feature,
            enabled=input.enabled,
            properties=input.properties,
        )
        return payloads.ClusterGroupPayload(cluster_group=ClusterGroup.of(row))

    @_mutation("Adds an HTTP chart repository (https://…) or an OCI registry (oci://…).")
    async def add_chart_repository(
        self,
        info: Info,
        input: inputs.AddChartRepositoryInput,  # noqa: A002
    ) -> payloads.AddChartRepositoryResult:
        login = Login(input.username, input.password or "") if input.username else None
        row = await catalog.add_repository(
            info.context.services, info.context.viewer, input.organization, input.name, input.url, login
        )
        return payloads.ChartRepositoryPayload(chart_repository=ChartRepository.of(row))

    @_mutation("Reads a repository's index again now.")
    async def refresh_chart_repository(
        self,
        info: Info,
        input: inputs.RefreshChartRepositoryInput,  # noqa: A002
    ) -> payloads.RefreshChartRepositoryResult:
        row = await catalog.refresh(info.context.services, info.context.viewer, row_id(input.id, "ChartRepository"))
        return payloads.ChartRepositoryPayload(chart_repository=ChartRepository.of(row))

    @_mutation("Removes a chart repository; charts that deployments use stay kept.")
    async def remove_chart_repository(
        self,
        info: Info,
        input: inputs.RemoveChartRepositoryInput,  # noqa: A002
    ) -> payloads.RemoveChartRepositoryResult:
        await catalog.remove_repository(info.context.services, info.context.viewer, row_id(input.id, "ChartRepository"))
        return payloads.RemoveChartRepositoryPayload(id=input.id)

    @_mutation("Uploads a packaged chart to a repository for uploads, which is made where there is none.")
    async def upload_chart(
        self,
        info: Info,
        input: inputs.UploadChartInput,  # noqa: A002
    ) -> payloads.UploadChartResult:
        services, viewer = info.context.services, info.context.viewer
        pinned = await catalog.upload(services, viewer, input.organization, input.repository, input.archive)
        chart = await browse.chart(
            services, pinned.repository.organization_id, pinned.repository.name, pinned.archive.name
        )
        assert chart is not None
        return payloads.UploadChartPayload(
            chart=Chart.of(chart), version=pinned.archive.version, digest=pinned.archive.digest
        )

    @_mutation("Creates a deployment, and has its release installed on every target.")
    async def create_deployment(
        self,
        info: Info,
        input: inputs.CreateDeploymentInput,  # noqa: A002
    ) -> payloads.CreateDeploymentResult:
        given = {name: value for name, value in vars(input).items() if value is not None}  # null is the default
        request = CreateDeployment(
            **{
                **given,
                "values_from": _values_from(input.values_from),
                "value_overrides": _overrides(input.value_overrides),
            }
        )
        return DeploymentPayload.of(await create_deployment(info.context.services, info.context.viewer, request))

    @_mutation("Changes what a deployment wants, and has every target made to match.")
    async def update_deployment(
        self,
        info: Info,
        input: inputs.UpdateDeploymentInput,  # noqa: A002
    ) -> payloads.UpdateDeploymentResult:
        request = UpdateDeployment(
            **{
                **vars(input),
                "id": row_id(input.id, "Deployment"),
                "reuse_values": bool(input.reuse_values),
                "dry_run": bool(input.dry_run),
                "description": input.description.value if input.description else UNSET,
                "values": input.values.value if input.values else UNSET,
                "values_from": _values_from(input.values_from.value) if input.values_from else UNSET,
                "value_overrides": _overrides(input.value_overrides.value) if input.value_overrides else UNSET,
            }
        )
        return DeploymentPayload.of(await update_deployment(info.context.services, info.context.viewer, request))

    @_mutation("Has every target made to match again; one that does gets no Helm run.")
    async def reconcile_deployment(
        self,
        info: Info,
        input: inputs.ReconcileDeploymentInput,  # noqa: A002
    ) -> payloads.ReconcileDeploymentResult:
        return DeploymentPayload.of(
            await reconcile_deployment(
                info.context.services,
                info.context.viewer,
                row_id(input.id, "Deployment"),
                input.targets,
                dry_run=bool(input.dry_run),
            )
        )

    @_mutation("Has the release removed from every target; the deployment goes with the last of them.")
    async def delete_deployment(
        self,
        info: Info,
        input: inputs.DeleteDeploymentInput,  # noqa: A002
    ) -> payloads.DeleteDeploymentResult:
        return DeploymentPayload.of(
            await delete_deployment(
                info.context.services,
                info.context.viewer,
                row_id(input.id, "Deployment"),
                force=bool(input.force),
                dry_run=bool(input.dry_run),
            )
        )

    @_mutation("Keeps a secret, sealed; deployments put its values in by reference.")
    async def create_secret(
        self,
        info: Info,
        input: inputs.CreateSecretInput,  # noqa: A002
    ) -> payloads.CreateSecretResult:
        given = {name: value for name, value in vars(input).items() if value is not None}  # null is the default
        row = await secrets.create_secret(
            info.context.services, info.context.viewer, secrets.CreateSecret(**{"data": None, **given})
        )
        return payloads.SecretPayload(secret=Secret.of(row))

    @_mutation("Changes values of a secret; targets that have others installed are STALE until they are reconciled.")
    async def update_secret(
        self,
        info: Info,
        input: inputs.UpdateSecretInput,  # noqa: A002
    ) -> payloads.UpdateSecretResult:
        row = await secrets.update_secret(
            info.context.services,
            info.context.viewer,
            row_id(input.id, "Secret"),
            {} if input.data is None else input.data,
            description=input.description.value if input.description else UNSET,
        )
        return payloads.SecretPayload(secret=Secret.of(row))

    @_mutation("Deletes a secret that no deployment uses.")
    async def delete_secret(
        self,
        info: Info,
        input: inputs.DeleteSecretInput,  # noqa: A002
    ) -> payloads.DeleteSecretResult:
        await secrets.delete_secret(info.context.services, info.context.viewer, row_id(input.id, "Secret"))
        return payloads.DeleteSecretPayload(id=input.id)

    @_mutation("Makes an organization; the caller is its first admin.")
    async def create_organization(
        self,
        info: Info,
        input: inputs.CreateOrganizationInput,  # noqa: A002
    ) -> payloads.CreateOrganizationResult:
        row = await accounts.create_organization(info.context.services, info.context.viewer, input.name)
        return payloads.OrganizationPayload(name=row.name)

    @_mutation("Makes a user with a role in an organization, and their first API token.")
    async def create_user(
        self,
        info: Info,
        input: inputs.CreateUserInput,  # noqa: A002
    ) -> payloads.CreateUserResult:
        made = await accounts.create_user(
            info.context.services, info.context.viewer, input.organization, input.name, input.role, input.password
        )
        return payloads.UserPayload(user=User.of(made.user), token=made.token)

    @_mutation("Gives a user a role in an organization or in one of its groups, or takes it away.")
    async def set_role(
        self,
        info: Info,
        input: inputs.SetRoleInput,  # noqa: A002
    ) -> payloads.SetRoleResult:
        member = await roles.set_role(
            info.context.services, info.context.viewer, input.organization, input.user, input.role, input.group
        )
        return payloads.RolePayload(member=Member.of(member) if member else None)

    @_mutation("Makes a user with a name and a password, where the settings let whoever asks; the first is the admin.")
    async def register(
        self,
        info: Info,
        input: inputs.RegisterInput,  # noqa: A002
    ) -> payloads.RegisterResult:
        await browser.count_attempt(info.context, input.name)
        row = await registration.register(info.context.services, input.name, input.password)
        return payloads.RegisterPayload(user=User.of(row))

    @_mutation("Signs in with a name and a password, for browsers: what follows is known by a cookie.")
    async def sign_in(
        self,
        info: Info,
        input: inputs.SignInInput,  # noqa: A002
    ) -> payloads.SignInResult:
        signed_in = await browser.sign_in(info.context, input.name, input.password)
        return payloads.SignInPayload(user=User.of(signed_in.user), expires_at=signed_in.expires_at)

    @_mutation("Signs out in this browser, or everywhere.")
    async def sign_out(
        self,
        info: Info,
        input: inputs.SignOutInput,  # noqa: A002
    ) -> payloads.SignOutResult:
        await browser.sign_out(info.context, everywhere=bool(input.everywhere))
        return payloads.SignOutPayload(user=User.of_viewer(info.context.viewer))

    @_mutation("Ends one of the caller's sessions.")
    async def revoke_session(
        self,
        info: Info,
        input: inputs.RevokeSessionInput,  # noqa: A002
    ) -> payloads.RevokeSessionResult:
        await sessions.revoke_session(info.context.services, info.context.viewer, row_id(input.id, "Session"))
        return payloads.RevokeSessionPayload(id=input.id)

    @_mutation("Changes a password: one's own, or anybody's for admins. Who signed in with the old one is signed out.")
    async def set_password(
        self,
        info: Info,
        input: inputs.SetPasswordInput,  # noqa: A002
    ) -> payloads.SetPasswordResult:
        if input.user in (None, info.context.viewer.name):  # who has to give the old one
            await browser.count_attempt(info.context, info.context.viewer.name)
        row = await users.set_password(
            info.context.services, info.context.viewer, input.user, input.password, input.current_password
        )
        return payloads.AccountPayload(user=User.of(row))

    @_mutation("Lets a user sign in no more: their tokens and sessions are refused from the next request on.")
    async def disable_user(
        self,
        info: Info,
        input: inputs.DisableUserInput,  # noqa: A002
    ) -> payloads.DisableUserResult:
        row = await users.disable_user(info.context.services, info.context.viewer, input.user)
        return payloads.AccountPayload(user=User.of(row))

    @_mutation("Lets a disabled user sign in again.")
    async def enable_user(
        self,
        info: Info,
        input: inputs.EnableUserInput,  # noqa: A002
    ) -> payloads.EnableUserResult:
        row = await users.enable_user(info.context.services, info.context.viewer, input.user)
        return payloads.AccountPayload(user=User.of(row))

    @_mutation("Makes one more API token for the caller.")
    async def create_api_token(
        self,
        info: Info,
        input: inputs.CreateApiTokenInput,  # noqa: A002
    ) -> payloads.CreateApiTokenResult:
        made = await tokens.create_api_token(info.context.services, info.context.viewer, **vars(input))
        return payloads.ApiTokenPayload(token=made.token, expires_at=made.row.expires_at)

    @_mutation("Takes one of the caller's API tokens away.")
    async def revoke_api_token(
        self,
        info: Info,
        input: inputs.RevokeApiTokenInput,  # noqa: A002
    ) -> payloads.RevokeApiTokenResult:
        await tokens.revoke_api_token(info.context.services, info.context.viewer, input.name)
        return payloads.RevokeApiTokenPayload(name=input.name)
