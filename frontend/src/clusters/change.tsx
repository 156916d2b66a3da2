import { useState } from "react";
import { useLocation } from "wouter";
import { useAction } from "../api/outcome";
import { CLOUDS } from "../fleet/filter";
import { type ClusterDetailQuery, ConfirmClusterDocument, UpdateClusterDocument } from "../graphql";
import { isObject } from "../json";
import { clusterPath } from "../parts/address";
import { FormDialog } from "../parts/dialog";
import { TextField } from "../parts/text-field";
import { toast } from "../parts/toast";
import { readKubeconfig } from "./kubeconfig";
import { readLabels } from "./labels";
import { DISTRIBUTIONS, Pick } from "./pick";

type Cluster = NonNullable<ClusterDetailQuery["cluster"]>;

/** Changes a cluster's credentials, name or description; unchanged fields are not sent. */
export function Edit({ cluster, close }: { cluster: Cluster; close: () => void }) {
  const { send, fetching, refusal } = useAction(UpdateClusterDocument, "ClusterPayload");
  const [, go] = useLocation();
  const before = {
    name: cluster.name,
    cloud: cluster.cloud,
    distribution: cluster.distribution,
    region: cluster.region ?? "",
    labels: written(cluster.labels),
    kubeconfig: "",
  };
  const [given, setGiven] = useState(before);
  const set = (changes: Partial<typeof given>) => setGiven((present) => ({ ...present, ...changes }));
  const labels = readLabels(given.labels);
  const read = given.kubeconfig.trim() ? readKubeconfig(given.kubeconfig) : null;
  const problem = read && "problem" in read ? read.problem : "problem" in labels ? labels.problem : null;

  async function submit() {
    if ("problem" in labels) return;
    const changed = <Key extends keyof typeof given>(key: Key) =>
      given[key] === before[key] ? null : given[key];
    const input = {
      id: cluster.id,
      name: changed("name"),
      cloud: changed("cloud"),
      distribution: changed("distribution"),
      region: changed("region"),
      labels: changed("labels") === null ? null : labels.labels,
      kubeconfig: changed("kubeconfig"),
    };
    const done = await send({ input });
    if (!done) return;
    toast(`${done.cluster.name} was updated.`);
    close();
    if (done.cluster.name !== cluster.name) go(clusterPath(done.cluster.name));
  }

  return (
    <FormDialog
      title={`Edit ${cluster.name}`}
      verb={fetching ? "Saving…" : "Save"}
      disabled={fetching || problem !== null}
      refusal={refusal}
      submit={submit}
      close={close}
    >
      <TextField id="edit-name" label="Name" value={given.name} change={(name) => set({ name })} />
      <div className="fields">
        <Pick label="Cloud" value={given.cloud} options={[...CLOUDS]} change={(cloud) => set({ cloud })} />
        <Pick
          label="Distribution"
          value={given.distribution}
          options={DISTRIBUTIONS}
          change={(distribution) => set({ distribution })}
        />
      </div>
      <TextField id="edit-region" label="Region" value={given.region} change={(region) => set({ region })} />
      <TextField
        id="edit-labels"
        label="Labels"
        value={given.labels}
        placeholder="tier=production, team=web"
        change={(text) => set({ labels: text })}
      />
      <div className="field">
        <label htmlFor="edit-kubeconfig">New kubeconfig</label>
        <textarea
          id="edit-kubeconfig"
          className="input"
          spellCheck={false}
          value={given.kubeconfig}
          placeholder="Leave empty to keep the current credentials"
          aria-describedby="edit-kubeconfig-hint"
          onChange={(event) => set({ kubeconfig: event.target.value })}
        />
        <span className="hint" id="edit-kubeconfig-hint">
          It must lead to the same cluster. Deployments, overrides and history stay.
        </span>
      </div>
      {problem && (
        <span className="wrong" role="alert">
          {problem}
        </span>
      )}
    </FormDialog>
  );
}

/** Accepts the cluster that answers as the registered one. Both uids are shown. */
export function Confirm({ cluster, uid, close }: { cluster: Cluster; uid: string; close: () => void }) {
  const { send, fetching, refusal } = useAction(ConfirmClusterDocument, "ClusterPayload");
  async function confirm() {
    if (!(await send({ input: { id: cluster.id, uid } }))) return;
    toast(`${cluster.name} was confirmed.`);
    close();
  }
  return (
    <FormDialog
      title={`Confirm ${cluster.name}`}
      verb="Confirm the new uid"
      destroys
      disabled={fetching}
      refusal={refusal}
      submit={confirm}
      close={close}
    >
      <dl className="facts">
        <div className="broad">
          <dt>Registered uid</dt>
          <dd className="mono">{cluster.uid}</dd>
        </div>
        <div className="broad">
          <dt>Current uid</dt>
          <dd className="mono">{uid}</dd>
        </div>
      </dl>
      <p>
        Confirm this only if it is the same cluster and its kube-system namespace was recreated. Releases with
        the names of managed releases will be treated as managed.
      </p>
    </FormDialog>
  );
}

/** Labels as `readLabels` reads them. */
function written(labels: Cluster["labels"]): string {
  if (!isObject(labels)) return "";
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(", ");
}
