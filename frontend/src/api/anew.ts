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
 * Asks the API now, even while the same question is on its way: the client gives that one's answer to all who ask
 * meanwhile, and it may be older than what makes us ask. With a key of its own it is another question to the client; the
 * cache takes the newer one's answer, whichever comes first, and tells what shows it.
 */
export function askAnew<Data, Variables extends AnyVariables>(
  client: Client,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
) {
  count += 1;
  const request = { ...createRequest(document, variables), key: -count };
  const operation = client.createRequestOperation("query", request, { requestPolicy: "network-only" });
  return client.executeRequestOperation<Data, Variables>(operation).toPromise();
}

/** A query's answer; `ask` tries again, and `refresh` has it asked anew. */
export function useAnswer<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
) {
  const client = useClient();
  const [asked, ask] = useQuery({ query: document, variables });
  async function refresh(): Promise<void> {
    const { data } = await askAnew(client, document, variables);
    // Where the first answer was an error, nothing of the cache is followed yet.
    if (data) ask({ requestPolicy: "cache-first" });
  }
  return { asked, ask, refresh: () => void refresh() };
}

/** A task that runs once at a time: whoever asks for it while it runs has it run once more after that. */
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
