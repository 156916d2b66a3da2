import { useCallback, useEffect, useRef, useState } from "react";
import { type CombinedError, useClient } from "urql";
import { useOrganization } from "../api/session";
import { type FleetFilter, FleetRowsDocument, type FleetRowsQuery } from "../graphql";

export type Row = FleetRowsQuery["fleet"]["clusters"]["nodes"][number];
export type Cell = Row["targets"][number];
type Page = FleetRowsQuery["fleet"]["clusters"];

type Loaded = { rows: Row[]; more: boolean; error?: CombinedError };

/**
 * The fleet's rows, page by page. Each page is followed by itself, so that a cell that changes costs a look at its own
 * page, not at fifty thousand cells; what arrives within one frame is shown with it.
 */
export function useFleetRows(
  filter: FleetFilter,
): Loaded & { loadMore: () => void; reload: () => void; refresh: () => void } {
  const client = useClient();
  const organization = useOrganization();
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [attempt, setAttempt] = useState(0);
  const follow = useRef<() => void>(() => {});
  const again = useRef<() => void>(() => {});
  useEffect(() => {
    const pages: Page[] = [];
    const following: (() => void)[] = [];
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

    function page(): void {
      const last = pages.at(-1);
      if (following.length > pages.length || (last && !last.pageInfo.hasNextPage)) return;
      const at = following.length;
      const { unsubscribe } = client
        .query(FleetRowsDocument, { organization, filter, after: last?.pageInfo.endCursor ?? null })
        .subscribe(({ data, error }) => {
          if (data) pages[at] = data.fleet.clusters;
          if (data || error) show(data ? undefined : error);
        });
      following.push(unsubscribe);
    }

    // The pages that are there are asked for once more; what they tell reaches those who follow them.
    async function refresh(): Promise<void> {
      let after: string | null = null;
      for (let at = 0; at < pages.length; at++) {
        const { data } = await client
          .query(FleetRowsDocument, { organization, filter, after }, { requestPolicy: "network-only" })
          .toPromise();
        if (!data) return;
        pages[at] = data.fleet.clusters;
        after = data.fleet.clusters.pageInfo.endCursor;
        if (!data.fleet.clusters.pageInfo.hasNextPage) pages.length = at + 1;
      }
      show();
    }

    again.current = () => void refresh();
    follow.current = page;
    page();
    return () => {
      cancelAnimationFrame(frame);
      for (const unfollow of following) unfollow();
    };
  }, [client, organization, filter, attempt]);

  const loadMore = useCallback(() => follow.current(), []);
  const reload = useCallback(() => setAttempt((count) => count + 1), []);
  const refresh = useCallback(() => again.current(), []);
  return { ...(loaded ?? { rows: [], more: true }), loadMore, reload, refresh };
}
