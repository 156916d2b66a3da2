import type { Fetcher, Observable } from "@graphiql/toolkit";
import { type ExecutionResult, getOperationAST, parse } from "graphql";
import type { Sink } from "graphql-ws";
import { transport } from "../api/transport";

const REFUSED = "The session or token is no longer valid. Sign in again, or set a header with another token.";

/**
 * Queries by HTTP, subscriptions by WebSocket; both with the token of whoever is signed in, unless a header says
 * otherwise. Whether it is a subscription is read from what is sent: GraphiQL's own notion of it lags behind the typing.
 *
 * A subscription goes on with the rights that they have now when these change, and ends in words when there are none left.
 */
export function fetcherFor(token: string | null): Fetcher {
  const own: Record<string, unknown> = token ? { authorization: `Bearer ${token}` } : {};
  let params = own;
  let isRefused = false;
  let wasLetIn = false;
  const socket = transport(() => params, {
    letIn() {
      wasLetIn = true;
    },
    forbidden() {
      isRefused = !wasLetIn;
      wasLetIn = false;
      return isRefused ? null : 0;
    },
  });

  return async (asked, options) => {
    const headers = { ...own, ...options?.headers };
    if (getOperationAST(parse(asked.query), asked.operationName)?.operation === "subscription") {
      params = headers;
      const subscribe = (sink: Sink<ExecutionResult>) => ({
        unsubscribe: socket.subscribe<Record<string, unknown>>(asked, {
          next: (result) => sink.next(result as ExecutionResult),
          error: (error) => sink.error(isRefused ? { message: REFUSED } : error),
          complete: () => sink.complete(),
        }),
      });
      return { subscribe } as Observable<ExecutionResult>;
    }
    const answer = await fetch("/graphql", {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/json", ...headers } as HeadersInit,
      body: JSON.stringify(asked),
    });
    return answer.json();
  };
}
