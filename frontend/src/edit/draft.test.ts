import { expect, it } from "vitest";
import { type Draft, wantedOf } from "./draft";

const draft: Draft = {
  values: "replicas: 2\n",
  overrides: { paris: "greeting: Bonjour\n", berlin: "# nothing yet\n", gone: "a: [" },
  targets: ["paris", "berlin"],
  atomic: false,
  wait: true,
  timeoutSeconds: 60,
  driftPolicy: "REPORT",
};

it("asks for the values as they are written, without overrides that are empty or for no target", () => {
  expect(wantedOf(draft)).toEqual({
    values: { replicas: 2 },
    valueOverrides: [{ cluster: "paris", values: { greeting: "Bonjour" } }],
    targets: ["paris", "berlin"],
    atomic: false,
    wait: true,
    timeoutSeconds: 60,
    driftPolicy: "REPORT",
  });
});

it("names the texts that stand for no values", () => {
  expect(wantedOf({ ...draft, values: "- 1", overrides: { paris: "a: [" } })).toEqual({
    broken: ["", "paris"],
  });
});
