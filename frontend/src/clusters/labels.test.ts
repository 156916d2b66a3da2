import { expect, it } from "vitest";
import { readLabels } from "./labels";

it("reads labels that are divided by commas or lines", () => {
  expect(readLabels("tier=production, team = web\n url=a=b,,")).toEqual({
    labels: { tier: "production", team: "web", url: "a=b" },
  });
  expect(readLabels("  ")).toEqual({ labels: {} });
});

it("names an invalid label", () => {
  expect(readLabels("tier=x, production")).toEqual({
    problem: "“production” is not a valid label. Write labels like tier=production, team=web",
  });
  expect(readLabels("=x")).toHaveProperty("problem");
  expect(readLabels("a=1,a=2")).toEqual({ problem: "The label a is used twice." });
});
