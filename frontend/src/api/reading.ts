import { useEffect, useState } from "react";
import { type Client, useClient } from "urql";
import { ReadYamlDocument } from "../graphql";
import { asObject, type JsonObject } from "../json";
import { wordsOf } from "./outcome";

export type Problem = { message: string; line: number | null; column: number | null };

/** What a YAML text says: its values, or what is wrong with it. */
export type Reading = { values: JsonObject; problems: [] } | { values: null; problems: Problem[] };

const PAUSE = 200;

/** Reads YAML as Helm does: the server reads it, and each text is sent once. */
export async function readYaml(client: Client, text: string): Promise<Reading> {
  if (!text.trim()) return { values: {}, problems: [] };
  const { data, error } = await client
    .query(ReadYamlDocument, { text }, { requestPolicy: "cache-first" })
    .toPromise();
  if (!data) return { values: null, problems: [{ message: wordsOf(error), line: null, column: null }] };
  const { values, problems } = data.readYaml;
  return problems.length > 0
    ? {
        values: null,
        problems: problems.map(({ message, line = null, column = null }) => ({ message, line, column })),
      }
    : { values: asObject(values), problems: [] };
}

/**
 * The values of some texts, in the texts' order; null until they are read. Of a text that has problems, they are what was
 * read before in its place, or none.
 */
export function useYaml(texts: string[]): JsonObject[] | null {
  const client = useClient();
  const [found, setFound] = useState<JsonObject[] | null>(null);
  const asked = JSON.stringify(texts);
  useEffect(() => {
    let isWanted = true;
    const timer = setTimeout(async () => {
      const readings = await Promise.all(
        (JSON.parse(asked) as string[]).map((text) => readYaml(client, text)),
      );
      if (!isWanted) return;
      setFound((before) => readings.map(({ values }, index) => values ?? before?.[index] ?? {}));
    }, PAUSE);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [client, asked]);
  return found;
}
