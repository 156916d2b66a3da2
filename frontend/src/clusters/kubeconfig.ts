import { parse } from "yaml";
import { isObject, type Json } from "../json";

type Read = { contexts: string[]; current: string | null } | { problem: string };

/**
 * The contexts of a kubeconfig. The API checks kubeconfigs; this function only rejects what is clearly something else, so
 * that the page can say so at once.
 */
export function readKubeconfig(text: string): Read {
  let found: Json;
  try {
    found = parse(text) as Json;
  } catch (error) {
    return {
      problem: `This is not valid YAML: ${error instanceof Error ? error.message.split("\n")[0] : error}`,
    };
  }
  if (!isObject(found) || !("clusters" in found || "contexts" in found)) {
    return { problem: "This is not a kubeconfig: it has neither `clusters` nor `contexts`." };
  }
  const contexts = (Array.isArray(found.contexts) ? found.contexts : [])
    .map((context) => (isObject(context) && typeof context.name === "string" ? context.name : null))
    .filter((name) => name !== null);
  const current = found["current-context"];
  return { contexts, current: typeof current === "string" && contexts.includes(current) ? current : null };
}
