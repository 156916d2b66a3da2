import { useFresh, useRefresh } from "../api/live";
import { useAnswer } from "../api/refetch";
import { TargetTreeDocument } from "../graphql";
import { LogViewer } from "../logs/viewer";
import { useAddress } from "../parts/address";
import { OneOf } from "../parts/choice";
import type { About } from "./about";

const EVERY = 30_000;
const SINCE: [seconds: string, words: string][] = [
  ["", "Any time"],
  ["300", "Last 5 minutes"],
  ["900", "Last 15 minutes"],
  ["3600", "Last hour"],
  ["21600", "Last 6 hours"],
  ["86400", "Last day"],
];
const TAILS = ["200", "1000", "5000"];

/** The logs of a target: of all its pods, of one pod, or of one container. What is chosen is in the address. */
export function TargetLogs({ about: { target, deployment } }: { about: About }) {
  const [params, change] = useAddress();
  const { asked, refresh } = useAnswer(TargetTreeDocument, { id: target.id });
  useRefresh("target", refresh, target.id);
  useFresh(refresh, EVERY);
  const node = asked.data?.node;
  const nodes = node?.__typename === "DeploymentTarget" ? node.tree.nodes : [];
  const pods = nodes.filter((one) => one.kind === "Pod");
  const pod = params.get("pod") ?? "";
  const container = params.get("container") ?? "";
  const previous = params.get("previous") === "1";
  const since = SINCE.some(([seconds]) => seconds === params.get("since")) ? params.get("since")! : "";
  const tail = TAILS.includes(params.get("tail") ?? "") ? params.get("tail")! : TAILS[0]!;
  const found = pods.filter((one) => !pod || one.name === pod).flatMap((one) => one.containers);
  const containers = [...new Set(found.map((one) => one.name))];
  return (
    <>
      <div className="filters">
        <OneOf
          label="Pod"
          value={pod}
          names={pods.map((one) => one.name)}
          none="All pods"
          change={(name) => change({ pod: name || null, container: null })}
        />
        <OneOf
          label="Container"
          value={container}
          names={containers}
          none="All containers"
          change={(name) => change({ container: name || null })}
        />
        <select
          className="input"
          aria-label="Since"
          value={since}
          onChange={(event) => change({ since: event.target.value || null })}
        >
          {SINCE.map(([seconds, words]) => (
            <option key={seconds} value={seconds}>
              {words}
            </option>
          ))}
        </select>
        <select
          className="input"
          aria-label="Lines at first"
          value={tail}
          onChange={(event) => change({ tail: event.target.value === TAILS[0] ? null : event.target.value })}
        >
          {TAILS.map((count) => (
            <option key={count} value={count}>
              {Number(count).toLocaleString()} newest lines
            </option>
          ))}
        </select>
        <label className="check small">
          <input
            type="checkbox"
            checked={previous}
            onChange={(event) => change({ previous: event.target.checked ? "1" : null })}
          />
          Previous run
        </label>
      </div>
      <LogViewer
        target={target.id}
        filter={{
          pod: pod || null,
          container: container || null,
          previous,
          sinceSeconds: since ? Number(since) : null,
          tail: Number(tail),
        }}
        name={[deployment.releaseName, target.clusterName, pod, container].filter(Boolean).join("-")}
        isNamed={!pod || (!container && containers.length > 1)}
      />
    </>
  );
}
