import { type Exchange, subscriptionExchange } from "urql";
import { changesOfRights } from "./session";
import { transport } from "./transport";

const FORBIDDEN_PAUSE = 10_000;

// After a client was closed as forbidden, one new client asks who is signed in; no others until it is accepted.
let isAnew = false;

/**
 * Subscriptions over one connection. Events that were missed during a loss are sent after it, because each attempt resumes
 * after the last event received. If the server ends the connection because the user's permissions have changed, a new
 * client connects with the current ones.
 */
export function subscriptions(token: string | null): Exchange {
  let isOver = false;
  const socket = transport(() => (token === null ? {} : { authorization: `Bearer ${token}` }), {
    accepted() {
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
