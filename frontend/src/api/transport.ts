import { type Client, createClient } from "graphql-ws";
import { lost, untilConnected } from "./connection";

const NORMAL = 1000;
const FORBIDDEN = 4403;
const KEEP_ALIVE = 10_000;

/**
 * What carries subscriptions: graphql-transport-ws, over a connection that is kept up for ever. `forbidden` is asked where
 * the server ends it, or lets nobody in, because of their rights: after how many milliseconds to try again, or null to
 * leave it. `letIn` is told when there is one.
 */
export function transport(
  params: () => Record<string, unknown>,
  { letIn, forbidden }: { letIn: () => void; forbidden: () => number | null },
): Client {
  const address = new URL("/graphql", window.location.href);
  address.protocol = address.protocol.replace("http", "ws");
  let pause: number | null | undefined; // undefined: until the API can be reached
  return createClient({
    url: address.href,
    connectionParams: params,
    keepAlive: KEEP_ALIVE,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => pause !== null,
    retryWait: () =>
      pause == null ? untilConnected() : new Promise((resolve) => setTimeout(resolve, pause ?? 0)),
    on: {
      connected() {
        pause = undefined;
        letIn();
      },
      closed(event) {
        const { code } = event as CloseEvent;
        pause = code === FORBIDDEN ? forbidden() : undefined;
        if (code !== FORBIDDEN && code !== NORMAL) lost();
      },
    },
  });
}
