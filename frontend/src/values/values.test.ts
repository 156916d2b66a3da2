import { describe, expect, it } from "vitest";
import { diffLines, unifiedLines } from "./diff";
import { leaves, merge } from "./merge";
import { changes, compare, layerWords, type ValueOrigin } from "./origin";
import { ago, reasonWords, span } from "./words";

describe("values are merged as Helm merges them", () => {
  it("merges maps deeply, replaces lists, and lets null remove", () => {
    const weaker = { image: { tag: "1", repository: "nginx" }, hosts: ["a", "b"], debug: true };
    expect(merge(weaker, { image: { tag: "2" }, hosts: ["c"], debug: null })).toEqual({
      image: { tag: "2", repository: "nginx" },
      hosts: ["c"],
    });
    expect(weaker.debug).toBe(true);
  });

  it("names each value by its path, with quotes around keys that need them", () => {
    const found = leaves({ a: { b: 1, "c.d": [1] }, e: {} });
    expect([...found]).toEqual([
      ["a.b", 1],
      ['a["c.d"]', [1]],
      ["e", {}],
    ]);
  });
});

describe("each value has the layer it comes from", () => {
  const defaults = { replicas: 1, greeting: "Hello", probe: { path: "/" } };
  const DEFAULTS = { kind: "DEFAULTS", selector: null } as const;
  const COMMON = { kind: "COMMON", selector: null } as const;
  const SELECTOR = { kind: "SELECTOR", selector: "tier=test" } as const;
  const CLUSTER = { kind: "CLUSTER", selector: null } as const;
  const EXPRESSION = `$${"{{ int(cluster.labels.size) }}"}`;
  const plain = { expression: null, hides: [] };

  it("names the strongest layer that has it, and marks what differs from what is installed", () => {
    const origins: ValueOrigin[] = [
      { path: "greeting", value: "Bonjour", layer: CLUSTER, ...plain },
      {
        path: "probe",
        value: null,
        layer: COMMON,
        expression: null,
        hides: [{ path: "probe", value: { path: "/" }, layer: DEFAULTS }],
      },
      {
        path: "replicas",
        value: 2,
        layer: SELECTOR,
        expression: EXPRESSION,
        hides: [{ path: "replicas", value: 1, layer: DEFAULTS }],
      },
    ];
    expect(compare(defaults, origins, { replicas: 5 })).toEqual([
      { path: "greeting", desired: "Bonjour", installed: "Hello", origin: "override", differs: true },
      {
        path: "probe.path",
        desired: undefined,
        installed: "/",
        origin: "removed",
        note: 'hides {"path":"/"} (chart)',
        differs: true,
      },
      {
        path: "replicas",
        desired: 2,
        installed: 5,
        origin: "selector",
        note: `tier=test; ${EXPRESSION}; hides 1 (chart)`,
        differs: true,
      },
    ]);
  });

  it("has no origin for what only the installed release has, and no difference where nothing is installed", () => {
    expect(compare({}, [], { extra: 1 })[0]).toMatchObject({ origin: null, differs: true });
    const origins: ValueOrigin[] = [{ path: "a", value: 1, layer: DEFAULTS, ...plain }];
    expect(compare({ a: 1 }, origins, null)[0]).toMatchObject({ origin: "chart", differs: false });
    expect(layerWords(SELECTOR)).toBe("selector tier=test");
  });
});

describe("a plan's changes in values", () => {
  const defaults = { replicas: 1, probe: { path: "/" }, log: "info" };
  const layers = {
    defaults,
    before: defaults,
    common: { replicas: 2, probe: null },
    override: { host: "a" },
  };

  it("have the default beside a removed value, and each leaf of a new map", () => {
    const differences = [
      { path: "extra", desired: null, actual: { a: 1, "b.c": 2 } },
      { path: "host", desired: "a", actual: null },
      { path: "log", desired: null, actual: "debug" },
      { path: "probe", desired: null, actual: null },
      { path: "replicas", desired: 2, actual: 5 },
      { path: null, desired: null, actual: null },
    ];
    const desired = { replicas: 2, probe: null, host: "a" };
    expect(changes(layers, desired, differences)).toEqual([
      { path: "extra.a", desired: undefined, installed: 1, origin: null, differs: true },
      { path: 'extra["b.c"]', desired: undefined, installed: 2, origin: null, differs: true },
      { path: "host", desired: "a", installed: undefined, origin: "override", differs: true },
      { path: "log", desired: "info", installed: "debug", origin: "chart", differs: true },
      { path: "probe", desired: undefined, installed: undefined, origin: "removed", differs: true },
      { path: "replicas", desired: 2, installed: 5, origin: "common", differs: true },
    ]);
  });

  it("are all that is given to Helm where nothing is installed yet", () => {
    expect(changes(layers, { replicas: 2, host: "a" }, null)).toEqual([
      { path: "host", desired: "a", installed: undefined, origin: "override", differs: true },
      { path: "replicas", desired: 2, installed: undefined, origin: "common", differs: true },
    ]);
  });
});

describe("differences in lines", () => {
  it("keeps what both have, and says what was cut and added", () => {
    expect(diffLines("a\nb\nc\nd\n", "a\nx\nc\nd\n")).toEqual([
      { kind: "same", text: "a" },
      { kind: "cut", text: "b" },
      { kind: "add", text: "x" },
      { kind: "same", text: "c" },
      { kind: "same", text: "d" },
    ]);
    expect(diffLines("a\na\n", "a\n")).toHaveLength(2);
    expect(diffLines("", "a\n")).toEqual([{ kind: "add", text: "a" }]);
  });

  it("reads a unified diff", () => {
    expect(unifiedLines("--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n z\n").map((line) => line.kind)).toEqual([
      ...["place", "place", "place"],
      ...["cut", "add", "same"],
    ]);
  });
});

describe("times and reasons as text", () => {
  const now = Date.parse("2026-01-01T12:00:00Z");

  it("says for how long in few characters", () => {
    expect([0, 59, 60, 3599, 3600, 172800].map(span)).toEqual([
      "0 s",
      "59 s",
      "1 min",
      "59 min",
      "1 h",
      "2 d",
    ]);
    expect(ago("2026-01-01T11:58:59Z", now)).toBe("1 minute ago");
    expect(ago("2026-01-01T12:00:00Z", now)).toBe("just now");
  });

  it("says that a hand changed what had been right, and that a generation is not there yet", () => {
    const reason = { code: "VALUES", message: "replicaCount: wanted 3, found 5" } as const;
    const release = {
      generation: 2,
      revision: 7,
      changedAt: "2026-01-01T11:58:00Z",
      valuesRenewed: false,
    };
    expect(reasonWords(reason, release, 2, now)).toBe(
      "replicaCount: wanted 3, found 5; changed by hand at revision 7, 2 minutes ago",
    );
    expect(reasonWords(reason, release, 3, now)).toBe(
      "replicaCount: wanted 3, found 5; generation 3 is not rolled out yet",
    );
    const renewed = { ...release, valuesRenewed: true };
    expect(reasonWords(reason, renewed, 2, now)).toBe(
      "replicaCount: wanted 3, found 5; the cluster or an endpoint that it uses has changed",
    );
    expect(reasonWords({ code: "ABSENT", message: "It is not there." }, release, 3, now)).toBe(
      "It is not there.",
    );
  });
});
