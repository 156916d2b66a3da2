import type { ClusterSelectorInput } from "../graphql";

/** A selector as it is written in a form: choices are separated by `|`, labels by commas. */
export type Conditions = {
  labels: string;
  cloud: string;
  region: string;
  distribution: string;
  kubernetesVersion: string;
};

export type Selector = {
  labels: unknown;
  cloud: string[];
  region: string[];
  distribution: string[];
  kubernetesVersion: string | null;
};

export const EVERY: Conditions = {
  labels: "",
  cloud: "",
  region: "",
  distribution: "",
  kubernetesVersion: "",
};

/** The selector to request, or why the labels cannot be read. */
export function selectorOf(conditions: Conditions): { selector: ClusterSelectorInput } | { problem: string } {
  const labels: Record<string, string[]> = {};
  for (const part of conditions.labels.split(",").map((one) => one.trim())) {
    if (!part) continue;
    const at = part.indexOf("=");
    if (at < 1) return { problem: `“${part}” is not a label: write tier=production, size=small|medium` };
    const key = part.slice(0, at).trim();
    if (key in labels) return { problem: `The label ${key} is given twice.` };
    labels[key] = part
      .slice(at + 1)
      .split("|")
      .map((one) => one.trim());
  }
  return {
    selector: {
      labels,
      cloud: choices(conditions.cloud),
      region: choices(conditions.region),
      distribution: choices(conditions.distribution),
      kubernetesVersion: conditions.kubernetesVersion.trim() || null,
    },
  };
}

export function asConditions(selector: Selector): Conditions {
  const labels = Object.entries((selector.labels ?? {}) as Record<string, string | string[]>);
  return {
    labels: labels.map(([key, values]) => `${key}=${[values].flat().join("|")}`).join(", "),
    cloud: selector.cloud.join("|"),
    region: selector.region.join("|"),
    distribution: selector.distribution.join("|"),
    kubernetesVersion: selector.kubernetesVersion ?? "",
  };
}

/** The conditions in one line. */
export function wordsOf({ labels, cloud, region, distribution, kubernetesVersion }: Conditions): string {
  const found = [labels, cloud, region, distribution, kubernetesVersion].map((one) => one.trim());
  return found.filter(Boolean).join(", ") || "every cluster";
}

function choices(text: string): string[] {
  return text
    .split("|")
    .map((one) => one.trim())
    .filter(Boolean);
}
