import { useCallback, useEffect, useEffectEvent, useRef, useState } from "react";
import { type AnyVariables, type CombinedError, type TypedDocumentNode, useClient } from "urql";
import { oneAtATime, refetch } from "./refetch";

type Connection<Node> = { nodes: Node[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
type Loaded<Node> = { nodes: Node[]; more: boolean; error?: CombinedError };
export type Pages<Node> = {
  asked: { data?: Node[]; error?: CombinedError; fetching: boolean };
  /** Whether there are more pages than are loaded. */
  more: boolean;
  see: (first: number, last: number) => void;
  refresh: () => void;
  reload: () => void;
};
type Followed = { after: string | null; unfollow: () => void };

/**
 * A connection, page by page. Only the pages that are seen, and their neighbours, are followed: the cache reads each page
 * that is followed again whenever something on it changes. `see` says which items are seen, by their places in the list;
 * the page after the last loaded one is requested shortly before it is seen.
 *
 * `variables` may be new ones at each call; what counts is what is in them. `size` is the number of items in a page.
 * `asked` has all items that were loaded.
 */
export function usePages<Data, Variables extends AnyVariables, Node>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Omit<Variables, "after">,
  connectionOf: (data: Data) => Connection<Node> | null,
  size: number,
): Pages<Node> {
  const client = useClient();
  const [loaded, setLoaded] = useState<Loaded<Node> | null>(null);
  const [attempt, setAttempt] = useState(0);
  const seeing = useRef<{ see: (first: number, last: number) => void; refresh: () => void } | null>(null);
  const request = JSON.stringify(variables);
  const read = useEffectEvent(connectionOf);

  useEffect(() => {
    const pages: Connection<Node>[] = [];
    const followed = new Map<number, Followed>();
    let frame = 0;
    let isOver = false;

    function show(error?: CombinedError): void {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() =>
        setLoaded({
          nodes: pages.flatMap((page) => page.nodes),
          more: !!pages.at(-1)?.pageInfo.hasNextPage,
          error,
        }),
      );
    }

    const afterOf = (at: number) => pages[at - 1]?.pageInfo.endCursor ?? null;

    const given = (at: number) => ({ ...JSON.parse(request), after: afterOf(at) }) as Variables;

    /** Whether the page is loaded, or comes right after the last one that is. */
    const isThere = (at: number) => at < pages.length || at === 0 || !!pages[at - 1]?.pageInfo.hasNextPage;

    function follow(at: number): void {
      if (!isThere(at) || followed.has(at)) return;
      const requestPolicy = pages[at] ? "cache-first" : "cache-and-network";
      const source = client.query(document, given(at), { requestPolicy });
      const { unsubscribe } = source.subscribe(({ data, error }) => {
        const page = data && read(data);
        if (at > pages.length) return; // The page before it no longer exists.
        if (page) pages[at] = page;
        if (page || error) show(page ? undefined : error);
      });
      followed.set(at, { after: afterOf(at), unfollow: unsubscribe });
    }

    function unfollow(at: number): void {
      followed.get(at)?.unfollow();
      followed.delete(at);
    }

    function see(first: number, last: number): void {
      const [from, to] = [Math.floor(first / size) - 1, Math.floor(last / size) + 1];
      // A page that is still loading stays followed: nothing would request it again.
      for (const at of [...followed.keys()]) if ((at < from || at > to) && pages[at]) unfollow(at);
      for (let at = Math.max(0, from); at <= to; at++) follow(at);
    }

    /**
     * Loads all present pages again, one after the other, because items may have been added or removed. The first page
     * is requested even if a request for it is running.
     */
    const refresh = oneAtATime(async () => {
      const isFirst = pages.length === 0;
      for (let at = 0; at < Math.max(pages.length, 1); at++) {
        const { data } = await refetch(client, document, given(at));
        const page = data && read(data);
        if (isOver) return;
        if (!page) break;
        pages[at] = page;
        if (!page.pageInfo.hasNextPage) pages.length = at + 1;
      }
      if (pages.length === 0) return;
      // A page may begin somewhere else now, and the first query may have failed before it followed anything. A page that
      // is still loading keeps its query while it begins where it did.
      for (const [at, { after }] of [...followed]) {
        if (isThere(at) && after === afterOf(at) && !isFirst) continue;
        unfollow(at);
        follow(at);
      }
      show();
    });

    seeing.current = { see, refresh: () => void refresh() };
    follow(0);
    return () => {
      isOver = true;
      cancelAnimationFrame(frame);
      for (const at of [...followed.keys()]) unfollow(at);
    };
  }, [client, document, request, size, attempt]);

  const see = useCallback((first: number, last: number) => seeing.current?.see(first, last), []);
  const refresh = useCallback(() => seeing.current?.refresh(), []);
  const reload = useCallback(() => setAttempt((count) => count + 1), []);
  const data = loaded && (loaded.nodes.length > 0 || !loaded.error) ? loaded.nodes : undefined;
  const asked = { data, error: loaded?.error, fetching: loaded === null };
  return { asked, more: loaded?.more ?? false, see, refresh, reload };
}
