import { expect, it } from "vitest";
import { EVERY } from "../values/selectors";
import { type Draft, ROLLOUT, TARGETS, wantedOf, withRule } from "./draft";
import { AT_ONCE, newWave } from "./strategy";

const draft: Draft = {
  values: "replicas: 2\n",
  overrides: { paris: "greeting: Bonjour\n", berlin: "# nothing yet\n", gone: "a: [" },
  selected: [],
  selector: null,
  references: { paris: [], gone: [{ secret: "", key: "", path: "" }] },
  targets: ["paris", "berlin"],
  description: " ",
  atomic: false,
  wait: true,
  timeoutSeconds: 60,
  remediation: { retries: 1, remedy: "ROLLBACK" },
  driftPolicy: "REPORT",
  liveDrift: "OFF",
  liveDriftIgnore: [],
  crdPolicy: "CREATE",
  dependsOn: [
    { deployment: " postgres ", condition: " " },
    { deployment: "", condition: null },
  ],
  strategy: AT_ONCE,
  strategyUse: "unchanged",
  allowCrdVersionRemoval: [],
};

it("asks for the values as they are written, without overrides that are empty or for no target", () => {
  expect(wantedOf(draft)).toEqual({
    valuesYaml: "replicas: 2\n",
    valuesFrom: [],
    valueOverrides: [{ cluster: "paris", valuesYaml: "greeting: Bonjour\n", valuesFrom: [] }],
    selectorOverrides: [],
    targets: ["paris", "berlin"],
    targetSelector: null,
    description: "",
    atomic: false,
    wait: true,
    timeoutSeconds: 60,
    remediation: { retries: 1, remedy: "ROLLBACK" },
    driftPolicy: "REPORT",
    liveDrift: "OFF",
    liveDriftIgnore: [],
    crdPolicy: "CREATE",
    dependsOn: [{ deployment: "postgres", condition: null }],
    strategy: null,
    strategyOverride: null,
    allowCrdVersionRemoval: [],
  });
});

it("leaves it to the server to read the texts", () => {
  const texts = { values: "mode: 0o644\nat: 12:30\n", overrides: { paris: "a: [" } };
  expect(wantedOf({ ...draft, ...texts })).toMatchObject({
    valuesYaml: texts.values,
    valueOverrides: [{ cluster: "paris", valuesYaml: "a: [", valuesFrom: [] }],
  });
});

it("asks for what comes from secrets, for all and for one, as soon as each is whole", () => {
  const reference = { secret: "db", key: "password", path: "database.password" };
  const references = { "": [reference], berlin: [{ ...reference, secret: "db-berlin" }] };
  expect(wantedOf({ ...draft, references })).toMatchObject({
    valuesFrom: [reference],
    valueOverrides: [
      { cluster: "paris", valuesYaml: "greeting: Bonjour\n", valuesFrom: [] },
      {
        cluster: "berlin",
        valuesYaml: "# nothing yet\n",
        valuesFrom: [{ ...reference, secret: "db-berlin" }],
      },
    ],
  });
  const half = { ...references, berlin: [{ ...reference, path: "database." }] };
  expect(wantedOf({ ...draft, references: half })).toEqual({ broken: ["berlin"] });
});

it("asks for overrides by selector in their order, and for targets by selector", () => {
  const selected = [
    { key: "/1", conditions: { ...EVERY, cloud: "amazon" }, values: "a: 1\n" },
    { key: "/2", conditions: EVERY, values: "" },
  ];
  const reference = { secret: "db", key: "password", path: "database.password" };
  const written = { ...draft, selected, selector: { ...EVERY, labels: "tier=prod" }, targets: ["paris"] };
  expect(wantedOf({ ...written, references: { "/2": [reference] } })).toMatchObject({
    selectorOverrides: [
      { select: { cloud: ["amazon"] }, valuesYaml: "a: 1\n", valuesFrom: [] },
      { select: { cloud: [] }, valuesYaml: "", valuesFrom: [reference] },
    ],
    targets: ["paris"],
    targetSelector: { labels: { tier: ["prod"] } },
  });
  const half = { "/2": [{ ...reference, key: "" }] };
  expect(wantedOf({ ...written, selector: { ...EVERY, labels: "tier" }, references: half })).toEqual({
    broken: ["/2", TARGETS],
  });
});

it("asks for rules of differences that have a path, and adds a path to the rule of its kind", () => {
  const first = { kind: "Deployment", group: "apps", paths: ["/spec/replicas", " "] };
  const empty = { kind: "ConfigMap", group: null, paths: [""] };
  const rules = withRule([first, empty], { kind: "Deployment", group: "apps", paths: ["/spec/paused"] });
  expect(wantedOf({ ...draft, liveDrift: "REPORT", liveDriftIgnore: rules })).toMatchObject({
    liveDrift: "REPORT",
    liveDriftIgnore: [{ kind: "Deployment", group: "apps", paths: ["/spec/replicas", "/spec/paused"] }],
  });
  expect(withRule([], { kind: "", group: null, paths: ["/data"] })).toEqual([
    { kind: "", group: null, paths: ["/data"] },
  ]);
});

it("asks for a strategy only if it was changed, for this change or for all", () => {
  const strategy = { ...AT_ONCE, waves: [newWave([])] };
  const asked = { waves: [{ name: "wave-1" }], maxUnavailable: "100%" };
  expect(wantedOf({ ...draft, references: {}, strategy, strategyUse: "stored" })).toMatchObject({
    strategy: asked,
    strategyOverride: null,
  });
  expect(wantedOf({ ...draft, references: {}, strategy, strategyUse: "once" })).toMatchObject({
    strategy: null,
    strategyOverride: asked,
  });
  const waves = [{ ...newWave([]), size: "count" as const, amount: "some" }];
  const unread = {
    ...draft,
    references: {},
    strategy: { ...AT_ONCE, waves },
    strategyUse: "stored" as const,
  };
  expect(wantedOf(unread)).toEqual({ broken: [ROLLOUT] });
});
