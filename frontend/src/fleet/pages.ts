import { useCallback, useEffect, useRef, useState } from "react";
import { type CombinedError, useClient } from "urql";
import { useOrganization } from "../api/session";
import { type FleetFilter, FleetRowsDocument, type FleetRowsQuery } from "../graphql";

export type Row = FleetRowsQuery["fleet"]["clusters"]["nodes"][number];
export type Cell = Row["targets"][number];
type Page = FleetRowsQuery["fleet"]["clusters"];

type Loaded = { rows: Row[]; more: boolean; error?: CombinedError };
type Seeing = { see: (first: number, last: number) => void; refresh: () => void };

/** As in the query. */
const ROWS = 25;

/**
 * The fleet's rows, page by page. Only the pages that are seen, and their neighbours, are followed: the cache reads each
 * page that is followed again whenever one of them changes, and forty times 1,250 cells are too many for one frame.
 */
export function useFleetRows(filter: FleetFilter) {
  const client = useClient();
  const organization = useOrganization();
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [attempt, setAttempt] = useState(0);
  const seeing = useRef<Seeing | null>(null);

  useEffect(() => {
    const pages: Page[] = [];
    const followed = new Map<number, () => void>();
    let frame = 0;

    function show(error?: CombinedError): void {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() =>
        setLoaded({
          rows: pages.flatMap((page) => page.nodes),
          more: !!pages.at(-1)?.pageInfo.hasNextPage,
          error,
        }),
      );
    }

    function asked(at: number, isForced = false) {
      const after = pages[at - 1]?.pageInfo.endCursor ?? null;
      const requestPolicy = isForced ? "network-only" : pages[at] ? "cache-first" : "cache-and-network";
      return client.query(FleetRowsDocument, { organization, filter, after }, { requestPolicy });
    }

    function follow(at: number): void {
      const isThere = at < pages.length || at === 0 || !!pages[at - 1]?.pageInfo.hasNextPage;
      if (at > pages.length || !isThere || followed.has(at)) return;
      const { unsubscribe } = asked(at).subscribe(({ data, error }) => {
        if (data) pages[at] = data.fleet.clusters;
        if (data || error) show(data ? undefined : error);
      });
      followed.set(at, unsubscribe);
    }

    function see(first: number, last: number): void {
      const [from, to] = [Math.floor(first / ROWS) - 1, Math.floor(last / ROWS) + 1];
      for (const [at, unfollow] of followed) {
        if (at >= from && at <= to) continue;
        unfollow();
        followed.delete(at);
      }
      for (let at = Math.max(0, from); at <= to; at++) follow(at);
    }

    /** Asks for all pages that are there once more, one after the other: rows may have come or gone. */
    async function refresh(): Promise<void> {
      for (let at = 0; at < pages.length; at++) {
        const { data } = await asked(at, true).toPromise();
        if (!data) return;
        pages[at] = data.fleet.clusters;
        if (!data.fleet.clusters.pageInfo.hasNextPage) pages.length = at + 1;
      }
      show();
    }

    function stop(): void {
      cancelAnimationFrame(frame);
      for (const unfollow of followed.values()) unfollow();
    }

    seeing.current = { see, refresh: () => void refresh() };
    follow(0);
    return stop;
  }, [client, organization, filter, attempt]);

  const see = useCallback((first: number, last: number) => seeing.current?.see(first, last), []);
  const refresh = useCallback(() => seeing.current?.refresh(), []);
  const reload = useCallback(() => setAttempt((count) => count + 1), []);
  return { ...(loaded ?? { rows: [], more: true, error: undefined }), see, refresh, reload };
}
