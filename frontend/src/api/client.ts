import { Client, fetchExchange, mapExchange } from "urql";
import { normalisedCache } from "./cache";
import { lost } from "./connection";
import { signOut } from "./session";
import { subscriptions } from "./socket";

/** A client for one session, by a token or by the browser's cookie (null). It has its own cache, so that no user sees another user's data. */
export function clientFor(token: string | null): Client {
  return new Client({
    url: "/graphql",
    preferGetMethod: false,
    requestPolicy: "cache-and-network",
    // One answer to one request; subscriptions use the socket.
    fetchOptions: {
      headers: {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        accept: "application/graphql-response+json, application/json",
      },
    },
    exchanges: [
      normalisedCache(),
      mapExchange({
        onError(error) {
          if (error.networkError) lost();
          if (error.graphQLErrors.some((found) => found.extensions.code === "unauthenticated")) signOut();
        },
      }),
      fetchExchange,
      subscriptions(token),
    ],
  });
}
