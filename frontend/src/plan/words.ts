import type { PlanLineFragment } from "../graphql";

export const PLAN_KINDS: Record<PlanLineFragment["kind"], string> = {
  CREATE: "Create",
  UPDATE: "Update",
  RECONCILE: "Reconcile",
  DELETE: "Delete",
  ROLLBACK: "Roll back",
};

export const PLAN_STATES: Record<PlanLineFragment["state"], string> = {
  OPEN: "Open",
  APPLIED: "Applied",
  DISCARDED: "Discarded",
  EXPIRED: "Expired",
};

const ACTIONS: Record<PlanLineFragment["counts"][number]["action"], string> = {
  NONE: "unchanged",
  INSTALL: "to install",
  UPGRADE: "to upgrade",
  ROLLBACK: "to roll back",
  UNINSTALL: "to uninstall",
  CORRECTION: "to correct",
};

/** What a plan does, in a few words. */
export function countsOf(counts: PlanLineFragment["counts"]): string {
  return counts.map(({ action, count }) => `${count} ${ACTIONS[action]}`).join(", ") || "No targets";
}

export const planPath = (id: string): string => `/plans/${encodeURIComponent(id)}`;
