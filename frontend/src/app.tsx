import { lazy, Suspense, useMemo } from "react";
import { Provider } from "urql";
import { Route, Switch } from "wouter";
import { SignIn } from "./account/sign-in";
import { clientFor } from "./api/client";
import { changesOfRights, session } from "./api/session";
import { FleetPage } from "./fleet/page";
import { Frame } from "./frame";
import { Blank, Loading } from "./parts/states";
import { useStore } from "./store";

const DeploymentPage = lazy(() => import("./deployment/page"));
const CreatePage = lazy(() => import("./edit/create"));
const EditPage = lazy(() => import("./edit/change"));
const ClustersPage = lazy(() => import("./clusters/page"));
const ClusterPage = lazy(() => import("./clusters/cluster"));
const GroupPage = lazy(() => import("./clusters/group"));
const RegisterPage = lazy(() => import("./clusters/register"));
const SecretsPage = lazy(() => import("./secrets/page"));
const ActivityPage = lazy(() => import("./activity/page"));
const TokensPage = lazy(() => import("./account/tokens"));

export function App() {
  const signedIn = useStore(session);
  const token = signedIn?.token;
  const changes = useStore(changesOfRights);
  const client = useMemo(() => (token === undefined ? null : clientFor(token)), [token, changes]);
  if (!client) return <SignIn />;
  return (
    <Provider value={client}>
      <Frame>
        <Suspense fallback={<Loading lines={6} />}>
          <Switch>
            <Route path="/" component={FleetPage} />
            <Route path="/create" component={CreatePage} />
            <Route path="/deployments/:group/:release/edit">
              {({ group, release }) => <EditPage group={decodeURIComponent(group)} release={release} />}
            </Route>
            <Route path="/deployments/:group/:release">
              {({ group, release }) => <DeploymentPage group={decodeURIComponent(group)} release={release} />}
            </Route>
            <Route path="/clusters" component={ClustersPage} />
            <Route path="/clusters/:name">
              {({ name }) => <ClusterPage name={decodeURIComponent(name)} />}
            </Route>
            <Route path="/groups/:name">{({ name }) => <GroupPage name={decodeURIComponent(name)} />}</Route>
            <Route path="/register" component={RegisterPage} />
            <Route path="/secrets" component={SecretsPage} />
            <Route path="/activity" component={ActivityPage} />
            <Route path="/tokens" component={TokensPage} />
            <Route>
              <Blank title="There is no such page">
                <p>The address may be mistyped, or what it led to is gone.</p>
              </Blank>
            </Route>
          </Switch>
        </Suspense>
      </Frame>
    </Provider>
  );
}
