import type { DriftState, Health } from "../graphql";
import type { Cell } from "./cells";
import type { States } from "./filter";

type Judged = Pick<Cell, "status" | "health" | "liveDrift">;

/** A health that follows from the status: nothing is installed, or nothing is known. */
const IMPLIED: Partial<Record<Judged["status"], Health>> = {
  NOT_INSTALLED: "MISSING",
  DELETED: "MISSING",
  UNKNOWN: "UNKNOWN",
};
const DRIFTED: string[] = ["DRIFTED", "CONTESTED"];

/** What a cell says beside its status: a health that is neither good nor implied, and drift. */
export function remarksOf({ status, health, liveDrift }: Judged): {
  health: Health | null;
  drift: DriftState | null;
} {
  const isExpected = health === "HEALTHY" || health === IMPLIED[status];
  return {
    health: isExpected ? null : health,
    drift: DRIFTED.includes(liveDrift.state) ? liveDrift.state : null,
  };
}

/** Whether a cell meets the conditions of a filter on targets. */
export function isMeant({ status, health, liveDrift }: Judged, chosen: States): boolean {
  const meets = <Value>(values: readonly Value[] | null | undefined, value: Value) =>
    !values || values.includes(value);
  return meets(chosen.status, status) && meets(chosen.health, health) && meets(chosen.drift, liveDrift.state);
}
