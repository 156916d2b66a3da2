import { useMemo } from "react";
import { DRIFT_STATES, type FleetFilter } from "../graphql";
import { useAddress } from "../parts/address";
import { HEALTH_WORDS, STATUS_WORDS } from "../values/words";

export const CLOUDS = ["amazon", "google", "azure", "alibaba", "oracle", "digitalocean", "onprem", "other"];

/** The states of a target that can be chosen, with all words of each. */
const STATES = {
  status: Object.keys(STATUS_WORDS),
  health: Object.keys(HEALTH_WORDS),
  drift: DRIFT_STATES,
} as const;

export type States = Pick<FleetFilter, keyof typeof STATES>;
export type StateKind = keyof States;

/** The fleet's filter, as it is in the address bar: `?status=STALE,FAILED&health=DEGRADED&group=web&q=shop`. */
export function useFleetFilter() {
  const [params, change] = useAddress();
  const text = params.toString();
  const filter = useMemo(() => filterOf(new URLSearchParams(text)), [text]);

  function toggle(kind: StateKind, word: string): void {
    const chosen = new Set<string>(filter[kind] ?? []);
    if (!chosen.delete(word)) chosen.add(word);
    change({ [kind]: STATES[kind].filter((found) => chosen.has(found)).join(",") || null });
  }

  return { filter, change, toggle, isNarrow: Object.keys(filter).length > 0 };
}

/** Reads the filter from the address. Unknown words are ignored. */
export function filterOf(params: URLSearchParams): FleetFilter {
  const filter: FleetFilter = {};
  for (const kind of Object.keys(STATES) as StateKind[]) {
    const known: readonly string[] = STATES[kind];
    const words = (params.get(kind) ?? "").split(",").filter((word) => known.includes(word));
    if (words.length > 0) Object.assign(filter, { [kind]: words });
  }
  for (const [name, field] of [
    ["group", "group"],
    ["cloud", "cloud"],
    ["chart", "chart"],
    ["q", "search"],
  ] as const) {
    const value = params.get(name);
    if (value) filter[field] = value;
  }
  return filter;
}
