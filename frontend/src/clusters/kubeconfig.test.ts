import { expect, it } from "vitest";
import { readKubeconfig } from "./kubeconfig";

it("offers the contexts of a kubeconfig, and the current one", () => {
  const text = "clusters: []\ncontexts: [{name: a}, {name: b}, {}]\ncurrent-context: b\n";
  expect(readKubeconfig(text)).toEqual({ contexts: ["a", "b"], current: "b" });
  expect(readKubeconfig("clusters: []\ncurrent-context: gone\n")).toEqual({ contexts: [], current: null });
});

it("rejects invalid YAML and other documents", () => {
  expect(readKubeconfig("a: [")).toHaveProperty("problem", expect.stringContaining("not valid YAML"));
  expect(readKubeconfig("hello")).toHaveProperty("problem", expect.stringContaining("not a kubeconfig"));
});
