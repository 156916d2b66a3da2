// Subscribes to `events` with a client as users have it, and prints each event as a line of JSON. When the connection is
// lost, the client connects anew by itself, and the subscription is resumed after the last cursor.
import * as sse from "graphql-sse";
import * as ws from "graphql-ws";
import WebSocket from "ws";

const [protocol, url, token, after] = process.argv.slice(2);
const authorization = `Bearer ${token}`;
const patience = {
  retryAttempts: Number.POSITIVE_INFINITY,
  retryWait: () => new Promise((again) => setTimeout(again, 100)),
};
const client =
  protocol === "graphql-ws"
    ? ws.createClient({
        ...patience,
        url: url.replace("http", "ws"),
        webSocketImpl: WebSocket,
        connectionParams: { Authorization: authorization },
        shouldRetry: () => true,
      })
    : sse.createClient({ ...patience, url, headers: { Authorization: authorization } });

const variables = { after };
const query = "subscription ($after: String) { events(after: $after) { cursor kind message } }";
client.subscribe(
  { query, variables },
  {
    next: ({ data, errors }) => {
      console.log(JSON.stringify(errors ?? data.events));
      if (data) variables.after = data.events.cursor;
    },
    error: (error) => {
      console.log(JSON.stringify({ error: String(error.message ?? error) }));
      process.exit(1);
    },
    complete: () => {
      console.log(JSON.stringify({ complete: true }));
      process.exit(1);
    },
  },
);
