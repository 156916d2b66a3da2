import { createClient } from "graphql-ws";
import { type Exchange, subscriptionExchange } from "urql";
import { connection, lost } from "./connection";

/**
 * Subscriptions over graphql-transport-ws. The connection is kept up for ever: what was missed meanwhile is told when it
 * is back, for each event that has come is where the next attempt goes on.
 */
export function subscriptions(token: string | null): Exchange {
  const address = new URL("/graphql", window.location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = createClient({
    url: address.href,
    connectionParams: token === null ? {} : { authorization: `Bearer ${token}` },
    keepAlive: 10_000,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: untilConnected,
    on: { closed: lost },
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
          error: (error) => sink.error(error),
          complete: () => sink.complete(),
        });
        return { unsubscribe };
      },
    }),
  });
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
