import { useState } from "react";
import { type AnyVariables, type CombinedError, type TypedDocumentNode, useMutation } from "urql";

/** What a user error says, whichever it is. */
export type Refusal = {
  code: string;
  message: string;
  path: string[];
  problems: { path: string[]; message: string }[];
  /** Of a removal that has to be confirmed: how many clusters would be removed. */
  removed?: number;
};

type Answered = { __typename: string };
type Result<Data> = Data[keyof Data] & Answered;
type Payload<Data, Name> = Extract<Result<Data>, { __typename: Name }>;

/**
 * A mutation with one `input`, whose answer is a union of its payload (of the type `name`) and user errors.
 * `send` gives the payload, or null: then `refusal` says why.
 */
export function useAction<Data, Variables extends AnyVariables, Name extends Result<Data>["__typename"]>(
  document: TypedDocumentNode<Data, Variables>,
  name: Name,
) {
  const [{ fetching }, execute] = useMutation(document);
  const [refusal, setRefusal] = useState<Refusal | null>(null);

  async function send(variables: Variables): Promise<Payload<Data, Name> | null> {
    setRefusal(null);
    const { data, error } = await execute(variables);
    const answer = data && (Object.values(data)[0] as Result<Data>);
    if (answer && answer.__typename === name) return answer as Payload<Data, Name>;
    const given = answer as unknown as Partial<Refusal> | undefined;
    setRefusal(given ? refusalOf(given) : failed(wordsOf(error)));
    return null;
  }

  return { send, fetching, refusal, dismiss: () => setRefusal(null) };
}

/** A refusal from any user error of the API. */
export function refusalOf(given: Partial<Refusal>): Refusal {
  return {
    code: given.code ?? "",
    message: given.message ?? "",
    path: given.path ?? [],
    problems: given.problems ?? [],
    removed: given.removed,
  };
}

/** What is shown where there is no user error, but a sentence that says what is wrong. */
export function failed(message: string): Refusal {
  return { code: "failed", message, path: [], problems: [] };
}

/** An error of a whole request, as a sentence. */
export function wordsOf(error: CombinedError | undefined): string {
  if (error?.networkError) return "Polyhelm is unreachable. It is unknown whether anything was changed.";
  return error?.graphQLErrors[0]?.message ?? "Something went wrong.";
}
