import { expect, it } from "vitest";
import type { DriftState, Health, TargetStatus } from "../graphql";
import { isMeant, remarksOf } from "./remarks";

const cell = (status: TargetStatus, health: Health, state: DriftState = "OFF") => ({
  status,
  health,
  liveDrift: { state },
});

it("remarks a health that does not follow from the status", () => {
  expect(remarksOf(cell("DEPLOYED", "DEGRADED"))).toEqual({ health: "DEGRADED", drift: null });
  expect(remarksOf(cell("DEPLOYED", "MISSING"))).toEqual({ health: "MISSING", drift: null });
  for (const found of [
    cell("DEPLOYED", "HEALTHY"),
    cell("NOT_INSTALLED", "MISSING"),
    cell("UNKNOWN", "UNKNOWN"),
  ])
    expect(remarksOf(found)).toEqual({ health: null, drift: null });
});

it("remarks drift of a healthy target", () => {
  expect(remarksOf(cell("DEPLOYED", "HEALTHY", "CONTESTED"))).toEqual({ health: null, drift: "CONTESTED" });
  expect(remarksOf(cell("DEPLOYED", "HEALTHY", "NOT_CHECKED")).drift).toBeNull();
});

it("fades a cell that misses one of the chosen states", () => {
  const found = cell("DEPLOYED", "DEGRADED", "DRIFTED");
  expect(isMeant(found, {})).toBe(true);
  expect(isMeant(found, { status: ["DEPLOYED"], health: ["DEGRADED", "MISSING"] })).toBe(true);
  expect(isMeant(found, { status: ["DEPLOYED"], drift: ["NONE"] })).toBe(false);
});
