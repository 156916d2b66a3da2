import {
  type AnyVariables,
  type Client,
  createRequest,
  type TypedDocumentNode,
  useClient,
  useQuery,
} from "urql";

let count = 0;

/**
 * Sends a query now, even while the same query is running: the client would otherwise reuse the answer of the running one,
 * which may be outdated. A key of its own makes it another query for the client. The cache stores the newer answer,
 * whichever arrives first, and updates the page.
 */
export function refetch<Data, Variables extends AnyVariables>(
  client: Client,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
) {
  count += 1;
  const request = { ...createRequest(document, variables), key: -count };
  const operation = client.createRequestOperation("query", request, { requestPolicy: "network-only" });
  return client.executeRequestOperation<Data, Variables>(operation).toPromise();
}

/** A query's answer; `ask` tries again, and `refresh` loads it from the server. */
export function useAnswer<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
) {
  const client = useClient();
  const [asked, ask] = useQuery({ query: document, variables });
  async function refresh(): Promise<void> {
    const { data } = await refetch(client, document, variables);
    // If the first answer was an error, the query does not follow the cache yet.
    if (data) ask({ requestPolicy: "cache-first" });
  }
  return { asked, ask, refresh: () => void refresh() };
}

/** A task that runs once at a time. If it is requested while it runs, it runs again after that. */
export function oneAtATime(task: () => Promise<void>): () => Promise<void> {
  let isRunning = false;
  let isWanted = false;
  return async () => {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    try {
      while (isWanted) {
        isWanted = false;
        await task();
      }
    } finally {
      isRunning = false;
    }
  };
}
