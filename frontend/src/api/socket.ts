import { createClient } from "graphql-ws";
import { type Exchange, subscriptionExchange } from "urql";
import { connection, lost } from "./connection";
import { changesOfRights } from "./session";

const FORBIDDEN = 4403;
const FORBIDDEN_PAUSE = 10_000;

// One that was closed as forbidden is followed by one new client, which asks who is signed in; no more until it is let in.
let isAnew = false;

/**
 * Subscriptions over graphql-transport-ws. The connection is kept up for ever: what was missed meanwhile is told when it
 * is back, for each event that has come is where the next attempt goes on. Where the server ends it because the rights of
 * whoever is signed in have changed, a new client begins with those that they have now.
 */
export function subscriptions(token: string | null): Exchange {
  const address = new URL("/graphql", window.location.href);
  address.protocol = address.protocol.replace("http", "ws");
  let isForbidden = false;
  let isOver = false;
  function closed(event: unknown): void {
    isForbidden = (event as CloseEvent).code === FORBIDDEN;
    if (!isForbidden) lost();
    else if (!isAnew) {
      isAnew = isOver = true;
      changesOfRights.set(changesOfRights.get() + 1);
    }
  }
  const socket = createClient({
    url: address.href,
    connectionParams: token === null ? {} : { authorization: `Bearer ${token}` },
    keepAlive: 10_000,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => !isOver,
    retryWait: () => (isForbidden ? pause(FORBIDDEN_PAUSE) : untilConnected()),
    on: {
      connected: () => {
        isAnew = false;
      },
      closed,
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

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** There is no use in trying before the API answers at all, and then there is no time to lose. */
function untilConnected(): Promise<void> {
  if (connection.get() === "connected") return Promise.resolve();
  return new Promise((resolve) => {
    const unfollow = connection.follow(() => {
      if (connection.get() !== "connected") return;
      unfollow();
      resolve();
    });
  });
}
