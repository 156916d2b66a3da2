import { expect, test } from "vitest";
import { parse } from "yaml";
import { cancelStepsOf, type Step, stepsOf as stepsIn, templateOf } from "./steps";

const stepsOf = (text: string) => stepsIn(parse(text));

const names = (ranks: Step[][]) => ranks.map((rank) => rank.map(({ name }) => name));

test("steps of a sequence come one after another, and each one waits for the one above", () => {
  const ranks = stepsOf("steps: [{name: a, type: log}, {name: b, type: log}]");
  expect(names(ranks)).toEqual([["a"], ["b"]]);
  expect(ranks.flat().map(({ after }) => after)).toEqual([[], []]);
});

test("steps of a parallel group are beside each other, unless one depends on another", () => {
  const [[group]] = stepsOf(`
steps:
- name: load
  parallel:
  - {name: a, type: log}
  - {name: b, type: log}
  - {name: c, type: log, dependsOn: [a]}
  - {name: d, type: log, dependsOn: [a, c]}
`) as [[Step]];
  expect(group).toMatchObject({ name: "load", path: "load", type: null, isParallel: true, notes: [] });
  expect(names(group.steps)).toEqual([["a", "b"], ["c"], ["d"]]);
  expect(group.steps.flat().map(({ path, after }) => [path, after])).toEqual([
    ["load/a", []],
    ["load/b", []],
    ["load/c", ["a"]],
    ["load/d", ["a", "c"]],
  ]);
});

test("notes say how a step runs, and the steps of a failure have paths of their own", () => {
  const [[step]] = stepsOf(`
steps:
- name: load
  if: \${{ parameters.isNeeded }}
  forEach: {items: "\${{ parameters.regions }}", limit: 2}
  sequence: [{name: apply, type: log}]
  timeout: 10m
  retry: {attempts: 3}
  continueOnError: true
  onFailure: [{name: report, type: log}]
`) as [[Step]];
  expect(step.notes).toEqual([
    "If parameters.isNeeded",
    "For each of parameters.regions, at most 2 at the same time",
    "Up to 3 attempts",
    "At most 10m",
    "A failure is ignored",
  ]);
  expect(step.steps[0]?.[0]?.path).toBe("load/apply");
  expect(step.onFailure[0]?.[0]?.path).toBe("load.onFailure/report");
});

test("all items of a step have the step of the definition", () => {
  expect(["build", "load[2]/apply", "load[0]/inner[11]/x", "load.onFailure/report"].map(templateOf)).toEqual([
    "build",
    "load/apply",
    "load/inner/x",
    "load.onFailure/report",
  ]);
});

test("the steps for a cancelled run have paths of their own", () => {
  const definition = parse("{steps: [], onCancel: [{name: back, type: log}, {name: report, type: log}]}");
  expect(
    cancelStepsOf(definition)
      .flat()
      .map(({ path }) => path),
  ).toEqual([".onCancel/back", ".onCancel/report"]);
});
