import type { PlanLineFragment } from "../graphql";
import type { Json } from "../json";
import { asObject } from "../json";

export const PLAN_KINDS: Record<PlanLineFragment["kind"], string> = {
  CREATE: "Create",
  UPDATE: "Update",
  RECONCILE: "Reconcile",
  DELETE: "Delete",
  ROLLBACK: "Roll back",
  PROMOTE: "Promote",
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
  API_MIGRATION: "to migrate",
};

/** What a plan does, in a few words. */
export function countsOf(counts: PlanLineFragment["counts"]): string {
  return counts.map(({ action, count }) => `${count} ${ACTIONS[action]}`).join(", ") || "No targets";
}

/** The options that a plan changes, each in one line. The waves of a strategy are listed with their sizes. */
export function optionsOf(options: Json): string[] {
  const sorted = Object.entries(asObject(options)).sort(([one], [other]) => one.localeCompare(other));
  return sorted.map(([name, value]) => {
    const words = name.replaceAll("_", " ");
    return `${words.charAt(0).toUpperCase()}${words.slice(1)}: ${textOf(value)}`;
  });
}

function textOf(value: Json): string {
  const { waves } = asObject(value);
  if (!Array.isArray(waves)) return typeof value === "string" ? value : JSON.stringify(value);
  const listed = waves.map(asObject).map(({ name, size }) => `${name} (${size})`);
  return listed.join(", ") || "all at once";
}

export const planPath = (id: string): string => `/plans/${encodeURIComponent(id)}`;
