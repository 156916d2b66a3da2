import { useMemo } from "react";
import type { FleetFilter, TargetStatus } from "../graphql";
import { useAddress } from "../parts/address";
import { STATUS_WORDS } from "../values/words";

export const CLOUDS = ["amazon", "google", "azure", "alibaba", "oracle", "digitalocean", "onprem", "other"];
export const STATUSES = Object.keys(STATUS_WORDS) as TargetStatus[];

/** The fleet's filter, as it is in the address bar: `?status=STALE,FAILED&group=web&q=shop`. */
export function useFleetFilter() {
  const [params, change] = useAddress();
  const text = params.toString();
  const filter = useMemo(() => filterOf(new URLSearchParams(text)), [text]);

  function toggle(status: TargetStatus): void {
    const chosen = new Set(filter.status ?? []);
    if (!chosen.delete(status)) chosen.add(status);
    change({ status: STATUSES.filter((found) => chosen.has(found)).join(",") || null });
  }

  return { filter, change, toggle, isNarrow: Object.keys(filter).length > 0 };
}

/** Reads the filter from the address. Unknown statuses are ignored. */
export function filterOf(params: URLSearchParams): FleetFilter {
  const filter: FleetFilter = {};
  const status = (params.get("status") ?? "")
    .split(",")
    .filter((word) => word in STATUS_WORDS) as TargetStatus[];
  if (status.length > 0) filter.status = status;
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
