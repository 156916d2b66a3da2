import type { Fetcher } from "@graphiql/toolkit";
import { getOperationAST, parse } from "graphql";
import { createClient } from "graphql-ws";

/**
 * Queries by HTTP, subscriptions by WebSocket; both with the token of whoever is signed in, unless a header says
 * otherwise. Whether it is a subscription is read from what is sent: GraphiQL's own notion of it lags behind the typing.
 */
export function fetcherFor(token: string | null): Fetcher {
  const own: Record<string, unknown> = token ? { authorization: `Bearer ${token}` } : {};
  const address = new URL("/graphql", window.location.href);
  address.protocol = address.protocol.replace("http", "ws");
  let connectionParams = own;
  const socket = createClient({ url: address.href, lazy: true, connectionParams: () => connectionParams });

  return async (asked, options) => {
    const headers = { ...own, ...options?.headers };
    if (getOperationAST(parse(asked.query), asked.operationName)?.operation === "subscription") {
      connectionParams = headers;
      return socket.iterate(asked);
    }
    const answer = await fetch("/graphql", {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/json", ...headers } as HeadersInit,
      body: JSON.stringify(asked),
    });
    return answer.json();
  };
}
