import { Client, fetchExchange, mapExchange } from "urql";
import { normalisedCache } from "./cache";
import { lost } from "./connection";
import { signOut } from "./session";
import { subscriptions } from "./socket";

/** A client for one signed-in session, by a token or by the browser's cookie (null). The cache goes with it, so that nobody sees what the one before saw. */
export function clientFor(token: string | null): Client {
  return new Client({
    url: "/graphql",
    preferGetMethod: false,
    requestPolicy: "cache-and-network",
    // One answer to one request: what goes on and on comes over the socket.
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
