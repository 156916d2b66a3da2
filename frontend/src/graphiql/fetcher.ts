import type { Fetcher, Observable } from "@graphiql/toolkit";
import { type ExecutionResult, getOperationAST, parse } from "graphql";
import type { Sink } from "graphql-ws";
import { transport } from "../api/transport";

const REFUSED = "The session or token is no longer valid. Sign in again, or set a header with another token.";

/**
 * Queries use HTTP, subscriptions a WebSocket; both send the token of the signed-in user, unless a header has another one.
 * Whether an operation is a subscription is determined from its text, because GraphiQL's own information lags behind.
 *
 * When the user's permissions change, a subscription continues with the new ones, and ends with a message if none are left.
 */
export function fetcherFor(token: string | null): Fetcher {
  const own: Record<string, unknown> = token ? { authorization: `Bearer ${token}` } : {};
  let params = own;
  let isRefused = false;
  let wasLetIn = false;
  const socket = transport(() => params, {
    accepted() {
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
