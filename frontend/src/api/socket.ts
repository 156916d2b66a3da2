import { type Exchange, subscriptionExchange } from "urql";
import { changesOfRights } from "./session";
import { transport } from "./transport";

const FORBIDDEN_PAUSE = 10_000;

// One that was closed as forbidden is followed by one new client, which asks who is signed in; no more until it is let in.
let isAnew = false;

/**
 * Subscriptions over one connection. What was missed while it was away is told when it is back, for each event that has
 * come is where the next attempt goes on. Where the server ends it because the rights of whoever is signed in have
 * changed, a new client begins with those that they have now.
 */
export function subscriptions(token: string | null): Exchange {
  let isOver = false;
  const socket = transport(() => (token === null ? {} : { authorization: `Bearer ${token}` }), {
    letIn() {
      isAnew = false;
    },
    forbidden() {
      if (isAnew) return FORBIDDEN_PAUSE;
      isAnew = isOver = true;
      changesOfRights.set(changesOfRights.get() + 1);
      return null;
    },
  });
  return subscriptionExchange({
    forwardSubscription: ({ query, variables }) => ({
      subscribe(sink) {
        // The same object is sent again after a loss: with the last cursor in it.
        const payload = { query: query ?? "", variables: { ...variables } as Record<string, unknown> };
        const unsubscribe = socket.subscribe<Record<string, { cursor?: string }>>(payload, {
          next(result) {
            const cursor = result.data?.events?.cursor;
            if (cursor) payload.variables.after = cursor;
            sink.next(result as Parameters<typeof sink.next>[0]);
          },
          error: (error) => (isOver ? sink.complete() : sink.error(error)),
          complete: () => sink.complete(),
        });
        return { unsubscribe };
      },
    }),
  });
}
