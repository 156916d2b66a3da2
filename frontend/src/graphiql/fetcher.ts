import { createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";

/** Queries by HTTP, subscriptions by WebSocket; both with the token of whoever is signed in. */
export function fetcherFor(token: string | null): Fetcher {
  const authorization: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const address = new URL("/graphql", window.location.href);
  address.protocol = address.protocol.replace("http", "ws");
  return createGraphiQLFetcher({
    url: "/graphql",
    headers: authorization,
    wsClient: createClient({ url: address.href, lazy: true, connectionParams: authorization }),
  });
}
