import { expect, it } from "vitest";
import type { Json } from "../json";
import { newCheck } from "./checks";
import { AT_ONCE, newWave, strategyInput, strategyOf } from "./strategy";

const limits = {
  maxConcurrent: "100%",
  maxFailures: "0",
  maxDeferred: "10%",
  soak: "30m",
  deadline: "15m",
  minReady: "10s",
};
const nowhere = { cloud: [], region: [], distribution: [], kubernetesVersion: null };
const counts = { interval: "30s", count: 2, failureLimit: 0, inconclusiveLimit: 0, errorLimit: 4 };
const health = { ...counts, name: "healthy", kind: "HEALTH" as const, spec: {} };
const settings = {
  kind: "ConfigMap",
  name: "web",
  namespace: null,
  apiGroup: null,
  passes: "true",
  fails: null,
};
const object = { ...counts, name: "settings", kind: "OBJECT" as const, spec: settings };
const unchecked = { checksBefore: [], checks: [] };
const select = (labels: Json) => ({ ...nowhere, labels });
const stored = {
  __typename: "RolloutStrategy",
  waves: [
    {
      __typename: "WaveRule",
      ...limits,
      name: "canary",
      size: "1",
      select: select({ tier: "test" }),
      approvals: null,
      checksBefore: [{ __typename: "CheckRule", ...health }],
      checks: [object],
    },
    {
      ...limits,
      ...unchecked,
      name: "most",
      size: "50%",
      select: select({}),
      approvals: { __typename: "ApprovalRule", required: 2, role: "APPROVER" as const, validFor: "7d" },
    },
    { ...limits, ...unchecked, name: "others", size: "100%", select: select({}), approvals: null },
  ],
  maxUnavailable: "10%",
  onNewer: "QUEUE" as const,
  rollBackOn: [],
};

it("requests a stored strategy as it is", () => {
  const every = { labels: {}, ...nowhere };
  expect(strategyInput(strategyOf(stored))).toEqual({
    waves: [
      {
        ...limits,
        name: "canary",
        select: { ...every, labels: { tier: ["test"] } },
        count: 1,
        percent: null,
        before: [{ check: { ...counts, name: "healthy", health: true } }],
        checks: [{ ...counts, name: "settings", object: settings }],
      },
      {
        ...limits,
        name: "most",
        checks: [],
        select: every,
        count: null,
        percent: 50,
        before: [{ approval: { required: 2, role: "APPROVER", validFor: "7d" } }],
      },
      { ...limits, name: "others", select: every, count: null, percent: null, before: [], checks: [] },
    ],
    maxUnavailable: "10%",
    onNewer: "QUEUE",
    rollBackOn: [],
  });
  expect(strategyOf(null)).toBe(AT_ONCE);
});

it("requests nothing while a number or a selector cannot be read", () => {
  const wave = newWave([]);
  const unread = [
    { ...wave, size: "count" as const, amount: "" },
    { ...wave, approvals: { required: "two", role: "" as const, validFor: "7d" } },
    { ...wave, checks: [{ ...newCheck([]), count: "" }] },
    {
      ...wave,
      conditions: { labels: "tier", cloud: "", region: "", distribution: "", kubernetesVersion: "" },
    },
  ];
  for (const one of unread) expect(strategyInput({ ...AT_ONCE, waves: [wave, one] })).toBeNull();
});

it("gives each new wave another name", () => {
  const first = newWave([]);
  const second = newWave([first]);
  expect(newWave([second]).name).toBe("wave-3");
});
