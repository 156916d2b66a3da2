import type { CrdPolicy, Health, ReasonCode, Remedy, TargetStatus } from "../graphql";

/** What each status is called here. */
export const STATUS_WORDS: Record<TargetStatus, string> = {
  DEPLOYED: "Deployed",
  STALE: "Stale",
  NOT_INSTALLED: "Not installed",
  UNKNOWN: "Unknown",
  FAILED: "Failed",
  PENDING_INSTALL: "Installing",
  PENDING_UPGRADE: "Upgrading",
  PENDING_ROLLBACK: "Rolling back",
  DELETING: "Uninstalling",
  DELETED: "Uninstalled",
  SUPERSEDED: "Superseded",
};

export const HEALTH_WORDS: Record<Health, string> = {
  HEALTHY: "Healthy",
  PROGRESSING: "Progressing",
  DEGRADED: "Degraded",
  SUSPENDED: "Suspended",
  MISSING: "Missing",
  TERMINATING: "Terminating",
  UNKNOWN: "Health unknown",
};

const DRIFT_WORDS: Record<string, string> = {
  OFF: "Not compared",
  UNKNOWN: "Drift unknown",
  NONE: "No drift",
  DRIFTED: "Drifted",
  CONTESTED: "Contested: changed again after corrections",
  MISSING: "Missing",
  NOT_CHECKED: "Not checked",
};
export const CRD_POLICY_WORDS: Record<CrdPolicy, string> = {
  CREATE: "Create missing ones on install",
  CREATE_REPLACE: "Create and replace on install and upgrade",
  SKIP: "Do not create any",
};
export const REMEDY_WORDS: Record<Remedy, string> = {
  NOTHING: "Leave the target as it is",
  ROLLBACK: "Return to the last verified generation",
  UNINSTALL: "Uninstall the release",
};

const LIVE_DRIFT_WORDS: Record<string, string> = {
  OFF: "Off: objects are not compared",
  REPORT: "Report: show differences, change nothing",
  CORRECT: "Correct: report differences and revert them",
};

/** The values of enums that a newer server may have more of. */
export const driftWords = (state: string): string => DRIFT_WORDS[state] ?? wordsOf(state);
export const liveDriftWords = (mode: string): string => LIVE_DRIFT_WORDS[mode] ?? wordsOf(mode);

/** A member of an enum as words: `NOT_CHECKED` is "Not checked". */
function wordsOf(member: string): string {
  return (member.charAt(0) + member.slice(1).toLowerCase()).replaceAll("_", " ");
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** For how long, in as few characters as will do: "12 s", "3 min", "5 h", "2 d". */
export function span(seconds: number): string {
  if (seconds < MINUTE) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)} h`;
  return `${Math.floor(seconds / DAY)} d`;
}

/** How long ago, as one would say it. */
export function ago(moment: string, now: number): string {
  const seconds = (now - Date.parse(moment)) / 1000;
  if (seconds < 5) return "just now";
  if (seconds < MINUTE) return `${Math.floor(seconds)} seconds ago`;
  const [count, unit] =
    seconds < HOUR
      ? [seconds / MINUTE, "minute"]
      : seconds < 2 * DAY
        ? [seconds / HOUR, "hour"]
        : [seconds / DAY, "day"];
  const whole = Math.floor(count as number);
  return `${whole} ${unit}${whole === 1 ? "" : "s"} ago`;
}

type StatedReason = { code: ReasonCode; message: string };
type Release = {
  generation: number | null;
  revision: number | null;
  changedAt: string | null;
  valuesRenewed: boolean;
};

const OF_THE_RELEASE: ReasonCode[] = ["VALUES", "CHART_NAME", "CHART_VERSION"];

/**
 * A reason, and where the difference comes from: a target that had reached the present generation and differs now was
 * changed by hand, unless its cluster or an endpoint has changed since; one that had not is still to be changed.
 */
export function reasonWords(reason: StatedReason, release: Release, generation: number, now: number): string {
  if (!OF_THE_RELEASE.includes(reason.code)) return reason.message;
  const said = reason.message.replace(/\.$/, "");
  if (release.generation !== generation) return `${said}; generation ${generation} is not rolled out yet`;
  if (release.valuesRenewed) return `${said}; the cluster or an endpoint that it uses has changed`;
  const when = release.changedAt ? `, ${ago(release.changedAt, now)}` : "";
  return `${said}; changed by hand at revision ${release.revision}${when}`;
}
