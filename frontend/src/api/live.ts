import { useEffect, useEffectEvent } from "react";
import { useClient } from "urql";
import { pipe, subscribe } from "wonka";
import { type EventLineFragment, LastEventDocument, LiveDocument } from "../graphql";
import { connection, onConnected } from "./connection";
import { useOrganization } from "./session";

type Listener = (event: EventLineFragment) => void;

const listeners = new Set<Listener>();
const refreshers = new Set<() => void>();
const PAUSE_MILLISECONDS = 400;
const LOADING_MILLISECONDS = 15_000;

/** Follows all events while a user is signed in, with one subscription for the whole page. */
export function useLive(): void {
  const client = useClient();
  const organization = useOrganization();
  useEffect(() => {
    let stop: (() => void) | undefined;
    let isOver = false;
    async function follow() {
      const { data } = await client
        .query(LastEventDocument, { organization }, { requestPolicy: "network-only" })
        .toPromise();
      if (isOver || !data) return;
      const after = data.events.nodes[0]?.cursor ?? null;
      stop = pipe(
        client.subscription(LiveDocument, { organization, after }),
        subscribe(({ data }) => {
          if (data) for (const listener of listeners) listener(data.events);
        }),
      ).unsubscribe;
      // What the page has loaded may be older than the event from which on it follows: where that is a fresh one, all is
      // asked again.
      const newest = data.events.nodes[0];
      if (newest && Date.now() - Date.parse(newest.at) < LOADING_MILLISECONDS)
        for (const refresh of refreshers) refresh();
    }
    void follow();
    // If even the first request failed, it is repeated once the API is reachable.
    const unfollow = onConnected(() => {
      if (!stop) void follow();
    });
    return () => {
      isOver = true;
      unfollow();
      stop?.();
    };
  }, [client, organization]);
}

export const EVERYTHING = "*";

/**
 * Loads again after events of these kinds (their first words, such as "deployment", or EVERYTHING), for data that does not
 * follow from the subject of an event, such as lists and counts. A hundred events in a row cause one or two requests. With
 * a `subject`, only events about the object with this id count.
 */
export function useRefresh(kinds: string, ask: () => void, subject?: string): void {
  const askNow = useEffectEvent(ask);
  useEffect(() => {
    const wanted = kinds.split(" ");
    let timer: ReturnType<typeof setTimeout> | undefined;
    function refresh() {
      timer ??= setTimeout(() => {
        timer = undefined;
        askNow();
      }, PAUSE_MILLISECONDS);
    }
    function hear(event: EventLineFragment) {
      if (subject !== undefined && event.subject?.id !== subject) return;
      if (kinds === EVERYTHING || wanted.includes(event.kind.split(".", 1)[0]!)) refresh();
    }
    listeners.add(hear);
    refreshers.add(refresh);
    return () => {
      clearTimeout(timer);
      listeners.delete(hear);
      refreshers.delete(refresh);
    };
  }, [kinds, subject]);
}

/** Loads again once the API is reachable, and from time to time, because no event reports when a status was confirmed. */
export function useFresh(ask: () => void, every: number): void {
  const askNow = useEffectEvent(ask);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible" && connection.get() === "connected") askNow();
    }, every);
    const unfollow = onConnected(() => askNow());
    return () => {
      clearInterval(timer);
      unfollow();
    };
  }, [every]);
}
