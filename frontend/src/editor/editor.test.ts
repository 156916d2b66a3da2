import { describe, expect, it } from "vitest";
import type { JsonObject } from "../json";
import { check } from "./check";
import { placeAt } from "./place";
import { keysAt, valuesAt } from "./schema";

const schema: JsonObject = {
  type: "object",
  properties: {
    replicas: { type: "integer", minimum: 0 },
    image: { $ref: "#/definitions/image" },
    hosts: { type: "array", items: { type: "object", properties: { host: { type: "string" } } } },
  },
  required: ["image"],
  definitions: {
    image: {
      type: "object",
      properties: {
        tag: { type: "string", description: "Which one" },
        pullPolicy: { enum: ["Always", "Never"] },
      },
      required: ["tag"],
    },
  },
};
const below: JsonObject = { replicas: 1, image: { tag: "1.27" } };

describe("the place in a text that is being written", () => {
  it.each([
    ["", { path: [], within: "key", begun: "" }],
    ["repl", { path: [], within: "key", begun: "repl" }],
    ["image:\n  ta", { path: ["image"], within: "key", begun: "ta" }],
    ["image:\n  tag: 1\nre", { path: [], within: "key", begun: "re" }],
    ["image:\n  pullPolicy: Al", { path: ["image", "pullPolicy"], within: "value", begun: "Al" }],
    ["hosts:\n  - ho", { path: ["hosts", "*"], within: "key", begun: "ho" }],
    ["hosts:\n- host: a\n  po", { path: ["hosts", "*"], within: "key", begun: "po" }],
    ["a:\n  b:\n    c: 1\n  d", { path: ["a"], within: "key", begun: "d" }],
    ['"a b":\n  x', { path: ["a b"], within: "key", begun: "x" }],
  ])("%j", (text, place) => expect(placeAt(text)).toEqual(place));

  it("offers nothing within braces and comments", () => {
    expect(placeAt("a: {b")?.begun).toBe("{b");
    expect(placeAt("# not")).toBeNull();
  });
});

describe("what may be written", () => {
  it("is what the schema knows, with the chart's defaults beside it", () => {
    expect(keysAt(schema, below, []).map((offer) => offer.label)).toEqual(["replicas", "image", "hosts"]);
    expect(keysAt(schema, below, ["image"])).toEqual([
      { label: "tag", detail: "1.27", info: "Which one" },
      { label: "pullPolicy", detail: undefined, info: undefined },
    ]);
    expect(keysAt(schema, below, ["hosts", "*"])[0]).toMatchObject({ label: "host" });
    expect(keysAt(null, below, []).map((offer) => offer.detail)).toEqual(["1", undefined]);
  });

  it("is an enum's value or the default", () => {
    expect(valuesAt(schema, below, ["image", "pullPolicy"]).map((offer) => offer.label)).toEqual([
      "Always",
      "Never",
    ]);
    expect(valuesAt(schema, below, ["replicas"])).toEqual([{ label: "1", detail: "the chart's default" }]);
  });
});

describe("values are checked", () => {
  const read = (values: JsonObject) => ({ values, problems: [] as [] });

  it("as YAML first, which the server reads: its problems are shown where it says", () => {
    const text = "a: 1\nb: [2\n";
    const problems = [{ message: "This is not valid YAML.", line: 2, column: 4 }];
    const [finding] = check(text, { values: null, problems }, { below, schema });
    expect(finding!.message).toBe("This is not valid YAML.");
    expect(text.slice(finding!.from, finding!.to)).toBe("[2");
    const nowhere = [{ message: "Polyhelm is unreachable.", line: null, column: null }];
    expect(check("", { values: null, problems: nowhere }, { below, schema })).toEqual([
      { from: 0, to: 0, message: "Polyhelm is unreachable." },
    ]);
  });

  it("then by the schema, merged over what lies below, each at its place", () => {
    expect(check("replicas: 2\n", read({ replicas: 2 }), { below, schema })).toEqual([]);
    const text = "image:\n  tag: x\nreplicas: -1\n";
    const [finding] = check(text, read({ image: { tag: "x" }, replicas: -1 }), { below, schema });
    expect(text.slice(finding!.from, finding!.to)).toBe("-1");
    const removed = check("image: {tag: null}\n", read({ image: { tag: null } }), { below, schema });
    expect(removed[0]!.message).toContain("tag");
  });

  it("by what the server says that they are, however the library would read them", () => {
    expect(check("replicas: 0o17\n", read({ replicas: 15 }), { below, schema })).toEqual([]);
    const text = "replicas: 1234e567\n";
    const [finding] = check(text, read({ replicas: "1234e567" }), { below, schema });
    expect(text.slice(finding!.from, finding!.to)).toBe("1234e567");
  });
});
