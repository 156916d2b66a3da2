import { Suspense, useMemo } from "react";
import { Provider } from "urql";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";
import { SignIn } from "./account/sign-in";
import { clientFor } from "./api/client";
import { changesOfRights, session } from "./api/session";
import { FleetPage } from "./fleet/page";
import { Frame } from "./frame/frame";
import { Boundary } from "./parts/boundary";
import { later } from "./parts/later";
import { EmptyState, Loading } from "./parts/states";
import { Settings } from "./settings/settings";
import { useStore } from "./store";

const DeploymentsPage = later(() => import("./deployments/page"));
const DeploymentPage = later(() => import("./deployment/page"));
const TargetPage = later(() => import("./target/page"));
const CreatePage = later(() => import("./edit/create"));
const PlanPage = later(() => import("./plan/page"));
const RolloutPage = later(() => import("./rollouts/page"));
const EditPage = later(() => import("./edit/change"));
const ResourcesPage = later(() => import("./resources/page"));
const ClustersPage = later(() => import("./clusters/page"));
const ClusterPage = later(() => import("./clusters/cluster"));
const GroupPage = later(() => import("./clusters/group"));
const RegisterPage = later(() => import("./clusters/register"));
const CompatibilityPage = later(() => import("./compatibility/page"));
const ServicesPage = later(() => import("./services/page"));
const SecretsPage = later(() => import("./secrets/page"));
const HealthRulesPage = later(() => import("./health-rules/page"));
const WorkflowsPage = later(() => import("./workflows/page"));
const RunPage = later(() => import("./workflows/run"));
const WorkflowPage = later(() => import("./workflows/workflow"));
const WindowsPage = later(() => import("./windows/page"));
const ActivityPage = later(() => import("./activity/page"));
const TokensPage = later(() => import("./account/tokens"));

export function App() {
  const [path] = useLocation();
  const signedIn = useStore(session);
  const token = signedIn?.token;
  const changes = useStore(changesOfRights);
  const client = useMemo(() => (token === undefined ? null : clientFor(token)), [token, changes]);
  if (!client) return <SignIn />;
  return (
    <Provider value={client}>
      <Frame>
        <Boundary key={path}>
          <Suspense fallback={<Loading lines={6} />}>
            <Switch>
              <Route path="/" component={FleetPage} />
              <Route path="/deployments" component={DeploymentsPage} />
              <Route path="/create" component={CreatePage} />
              <Route path="/deployments/:group/:release/edit">
                {({ group, release }) => <EditPage group={decodeURIComponent(group)} release={release} />}
              </Route>
              <Route path="/deployments/:group/:release">
                {({ group, release }) => (
                  <DeploymentPage group={decodeURIComponent(group)} release={release} />
                )}
              </Route>
              <Route path="/deployments/:group/:release/targets/:cluster">
                {({ group, release, cluster }) => (
                  <TargetPage
                    group={decodeURIComponent(group)}
                    release={release}
                    cluster={decodeURIComponent(cluster)}
                  />
                )}
              </Route>
              <Route path="/plans/:id">{({ id }) => <PlanPage id={decodeURIComponent(id)} />}</Route>
              <Route path="/rollouts/:id">{({ id }) => <RolloutPage id={decodeURIComponent(id)} />}</Route>
              <Route path="/resources" component={ResourcesPage} />
              <Route path="/clusters" component={ClustersPage} />
              <Route path="/clusters/:name">
                {({ name }) => <ClusterPage name={decodeURIComponent(name)} />}
              </Route>
              <Route path="/groups/:name">
                {({ name }) => <GroupPage name={decodeURIComponent(name)} />}
              </Route>
              <Route path="/register" component={RegisterPage} />
              <Route path="/compatibility" component={CompatibilityPage} />
              <Route path="/windows" component={WindowsPage} />
              <Route path="/workflows" component={WorkflowsPage} />
              <Route path="/workflows/:name">
                {({ name }) => <WorkflowPage name={decodeURIComponent(name)} />}
              </Route>
              <Route path="/workflow-runs/:id">{({ id }) => <RunPage id={decodeURIComponent(id)} />}</Route>
              <Route path="/settings/workflows">
                <Redirect to="/workflows" replace />
              </Route>
              <Route path="/activity" component={ActivityPage} />
              <Route path="/settings/secrets">
                <Settings>
                  <SecretsPage />
                </Settings>
              </Route>
              <Route path="/settings/health-rules">
                <Settings>
                  <HealthRulesPage />
                </Settings>
              </Route>
              <Route path="/settings/services">
                <Settings>
                  <ServicesPage />
                </Settings>
              </Route>
              <Route path="/settings/tokens">
                <Settings>
                  <TokensPage />
                </Settings>
              </Route>
              {["secrets", "tokens"].map((page) => (
                <Route key={page} path={`/${page}`}>
                  <Redirect to={`/settings/${page}`} replace />
                </Route>
              ))}
              <Route>
                <EmptyState title="Page not found">
                  <p>The address may be mistyped, or the object was deleted.</p>
                  <Link href="/" className="button">
                    Go to the fleet
                  </Link>
                </EmptyState>
              </Route>
            </Switch>
          </Suspense>
        </Boundary>
      </Frame>
    </Provider>
  );
}
