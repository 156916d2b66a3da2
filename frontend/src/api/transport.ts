import { type Client, createClient } from "graphql-ws";
import { lost, untilConnected } from "./connection";

const NORMAL = 1000;
const FORBIDDEN = 4403;
const KEEP_ALIVE = 10_000;

/**
 * The connection for subscriptions, with the protocol graphql-transport-ws. It reconnects forever. `accepted` is called when
 * the server has accepted a connection. `forbidden` is called if the server ends or refuses it because of permissions, and
 * returns after how many milliseconds to try again, or null to give up.
 */
export function transport(
  params: () => Record<string, unknown>,
  { accepted, forbidden }: { accepted: () => void; forbidden: () => number | null },
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
        accepted();
      },
      closed(event) {
        const { code } = event as CloseEvent;
        pause = code === FORBIDDEN ? forbidden() : undefined;
        if (code !== FORBIDDEN && code !== NORMAL) lost();
      },
    },
  });
}
