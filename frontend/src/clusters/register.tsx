import { type DragEvent, type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { useAction } from "../api/outcome";
import { useOrganization } from "../api/session";
import { CLOUDS } from "../fleet/filter";
import { RegisterClusterDocument } from "../graphql";
import { clusterPath } from "../parts/address";
import { Breadcrumb } from "../parts/breadcrumb";
import { RefusalNote } from "../parts/states";
import { Title } from "../parts/title";
import { toast } from "../parts/toast";
import { readKubeconfig } from "./kubeconfig";
import { readLabels } from "./labels";
import { DISTRIBUTIONS, Pick } from "./pick";

const USUAL: Record<string, string> = { amazon: "eks", google: "gke", azure: "aks", onprem: "kubeadm" };

/** Registers a cluster from a kubeconfig that is pasted, dropped or chosen; the API says precisely what is wrong. */
export default function RegisterPage() {
  const organization = useOrganization();
  const [, go] = useLocation();
  const { send, fetching, refusal } = useAction(RegisterClusterDocument, "ClusterPayload");
  const [kubeconfig, setKubeconfig] = useState("");
  const [over, setOver] = useState(false);
  const [given, setGiven] = useState({
    name: "",
    cloud: "onprem",
    distribution: "kubeadm",
    region: "",
    labels: "",
    context: "",
  });
  const read = kubeconfig.trim() ? readKubeconfig(kubeconfig) : null;
  const labels = readLabels(given.labels);
  const contexts = read && "contexts" in read ? read.contexts : [];
  const context = given.context || (read && "current" in read && read.current) || "";
  const set = (changes: Partial<typeof given>) => setGiven((present) => ({ ...present, ...changes }));

  async function take(file: File | undefined) {
    if (file) setKubeconfig(await file.text());
  }

  function drop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer.files[0]);
  }

  async function submit(event: FormEvent) {
    event.preventDefault();
    if ("problem" in labels) return;
    const { name, cloud, distribution, region } = given;
    const input = {
      organization,
      name,
      cloud,
      distribution,
      region: region || null,
      labels: labels.labels,
      kubeconfig,
      context: context || null,
    };
    const done = await send({ input });
    if (!done) return;
    toast(`${done.cluster.name} was registered.`);
    go(clusterPath(done.cluster.name));
  }

  return (
    <>
      <div className="head">
        <div>
          <Breadcrumb trail={[["Clusters", "/clusters"]]} />
          <Title words="Register a cluster" />
        </div>
      </div>
      <form className="stack form" onSubmit={submit}>
        <section className="card padded stack" aria-labelledby="access">
          <h2 id="access">1. Access</h2>
          <div className="field">
            <label htmlFor="kubeconfig">Kubeconfig</label>
            <textarea
              id="kubeconfig"
              className={`input ${over ? "over" : ""}`}
              required
              spellCheck={false}
              value={kubeconfig}
              placeholder="Paste it here, or drop the file"
              aria-invalid={
                (read !== null && "problem" in read) || refusal?.path.includes("kubeconfig") || false
              }
              aria-describedby="kubeconfig-hint"
              onChange={(event) => setKubeconfig(event.target.value)}
              onDragOver={(event) => {
                event.preventDefault();
                setOver(true);
              }}
              onDragLeave={() => setOver(false)}
              onDrop={drop}
            />
            <span className="hint" id="kubeconfig-hint">
              It must contain a token or a client certificate. It is stored encrypted and never shown again.
              `exec` plugins are not supported; use the token of a service account instead.
            </span>
            {read && "problem" in read && (
              <span className="wrong" role="alert">
                {read.problem}
              </span>
            )}
          </div>
          <div className="row">
            <label className="button">
              Choose a file
              <input
                type="file"
                className="hidden"
                onChange={(event) => void take(event.target.files?.[0])}
              />
            </label>
            {contexts.length > 1 && (
              <Pick
                label="Context"
                value={context}
                options={contexts}
                change={(value) => set({ context: value })}
              />
            )}
          </div>
        </section>
        <section className="card padded stack" aria-labelledby="what">
          <h2 id="what">2. Description</h2>
          <div className="fields">
            <div className="field">
              <label htmlFor="name">Name</label>
              <input
                id="name"
                className="input"
                required
                value={given.name}
                aria-invalid={refusal?.path.includes("name") || false}
                onChange={(event) => set({ name: event.target.value })}
              />
              <span className="hint">
                Lowercase letters, digits and hyphens, for example paris or staging-2.
              </span>
            </div>
            <Pick
              label="Cloud"
              value={given.cloud}
              options={CLOUDS}
              change={(cloud) => set({ cloud, distribution: USUAL[cloud] ?? "other" })}
            />
            <Pick
              label="Distribution"
              value={given.distribution}
              options={DISTRIBUTIONS}
              change={(distribution) => set({ distribution })}
            />
            <div className="field">
              <label htmlFor="region">Region</label>
              <input
                id="region"
                className="input"
                value={given.region}
                placeholder="eu-west-3"
                aria-invalid={refusal?.path.includes("region") || false}
                onChange={(event) => set({ region: event.target.value })}
              />
            </div>
          </div>
          <div className="field">
            <label htmlFor="labels">Labels</label>
            <input
              id="labels"
              className="input"
              value={given.labels}
              placeholder="tier=production, team=web"
              aria-invalid={"problem" in labels || refusal?.path.includes("labels") || false}
              onChange={(event) => set({ labels: event.target.value })}
            />
            {"problem" in labels && (
              <span className="wrong" role="alert">
                {labels.problem}
              </span>
            )}
          </div>
        </section>
        <RefusalNote refusal={refusal} />
        <div className="row">
          <button
            type="submit"
            className="button first"
            disabled={fetching || "problem" in labels || (read !== null && "problem" in read)}
          >
            {fetching ? "Contacting the API server…" : "Register"}
          </button>
        </div>
      </form>
    </>
  );
}
