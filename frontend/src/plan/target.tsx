import type { ReactNode } from "react";
import type { PlannedFragment } from "../graphql";
import { someOf } from "../parts/errors";
import { Glyph, type Tone } from "../parts/glyph";
import { alike } from "../values/alike";

/** What a plan does on one cluster: of a plan that is an answer, or of a stored one. */
export interface Planned {
  clusterName: string;
  action: PlannedFragment["action"];
  error: { code: string; message: string; output: string | null } | null;
  warnings: string[];
  reasons: { code: string; message: string }[];
  manifest?: string | null;
  manifestDiff: string | null;
}

type Outlook = [string, Tone, Parameters<typeof Glyph>[0]["shape"]];

const ACTIONS: Record<Planned["action"], Outlook> = {
  NONE: ["Nothing to do", "none", "hollow"],
  INSTALL: ["Install", "busy", "plus"],
  UPGRADE: ["Upgrade", "busy", "up"],
  ROLLBACK: ["Roll back", "warn", "back"],
  UNINSTALL: ["Uninstall", "bad", "minus"],
  CORRECTION: ["Correct objects", "busy", "up"],
  API_MIGRATION: ["Migrate API versions", "busy", "up"],
};
const UNREACHABLE: Outlook = ["Unknown", "unsure", "question"];
const REFUSED: Outlook = ["Not possible", "bad", "cross"];

/** The plan of a cluster in one label. It is unknown if the cluster is unreachable. */
export function outlook({
  action,
  error,
}: Pick<Planned, "action"> & { error: { code: string } | null }): Outlook {
  if (!error || action !== "NONE") return ACTIONS[action];
  return error.code === "cluster_unreachable" ? UNREACHABLE : REFUSED;
}

/** The targets of a plan: those with an equal error are one group, and one with manifests to show is a group of its own. */
export function groupsOf<Target extends Planned>(targets: Target[]): [Target, ...Target[]][] {
  return alike(targets, ({ action, error, warnings, reasons, manifest, manifestDiff }) =>
    !error || manifest || manifestDiff ? null : JSON.stringify([action, error, warnings, reasons]),
  );
}

/** What is planned for the clusters of a group: the action, what is wrong, and why. `children` show values and manifests. */
export function PlannedTarget({
  target,
  clusters,
  beside,
  hides,
  children,
}: {
  target: Planned;
  /** The names of all clusters that it stands for. */
  clusters: string[];
  beside?: ReactNode;
  /** Whether a reason is shown elsewhere. */
  hides?: (reason: Planned["reasons"][number]) => boolean;
  children?: ReactNode;
}) {
  const [words, tone, shape] = outlook(target);
  const { error, warnings } = target;
  const isUnreachable = error?.code === "cluster_unreachable";
  const reasons = target.reasons.filter((reason) => reason.message !== error?.message && !hides?.(reason));
  return (
    <li data-cluster={target.clusterName} data-action={target.action}>
      <div className="row wide">
        <b>{someOf(clusters)}</b>
        <span className={`status tone-${tone}`}>
          <Glyph shape={shape} />
          {words}
        </span>
        {beside}
      </div>
      {error && (
        <div className={`note ${isUnreachable ? "warn" : "bad"}`}>
          <Glyph shape={isUnreachable ? "question" : "cross"} />
          <div>
            <p>{error.message}</p>
            {error.output && <pre>{error.output}</pre>}
          </div>
        </div>
      )}
      {warnings.length > 0 && (
        <div className="note warn">
          <Glyph shape="question" />
          <div>
            {warnings.map((warning) => (
              <p key={warning}>{warning}</p>
            ))}
          </div>
        </div>
      )}
      {reasons.length > 0 && (
        <ul className="reasons small">
          {reasons.map((reason) => (
            <li key={reason.code + reason.message}>{reason.message}</li>
          ))}
        </ul>
      )}
      {children}
    </li>
  );
}
