import { parse } from "yaml";
import { isObject, type Json } from "../json";

type Read = { contexts: string[]; current: string | null } | { problem: string };

/**
 * What a kubeconfig offers, as far as the page has to know it: its contexts. What is wrong with one is said by the API,
 * which alone decides; only what is no kubeconfig at all is told here at once.
 */
export function readKubeconfig(text: string): Read {
  let found: Json;
  try {
    found = parse(text) as Json;
  } catch (error) {
    return { problem: `This is no YAML: ${error instanceof Error ? error.message.split("\n")[0] : error}` };
  }
  if (!isObject(found) || !("clusters" in found || "contexts" in found)) {
    return { problem: "This is no kubeconfig: it has neither `clusters` nor `contexts`." };
  }
  const contexts = (Array.isArray(found.contexts) ? found.contexts : [])
    .map((context) => (isObject(context) && typeof context.name === "string" ? context.name : null))
    .filter((name) => name !== null);
  const current = found["current-context"];
  return { contexts, current: typeof current === "string" && contexts.includes(current) ? current : null };
}
