import { type Cache, cacheExchange, type Data, type KeyingConfig } from "@urql/exchange-graphcache";
import introspection from "../introspection.json";
import { CHANGES, EMBEDDED, KEYED } from "./relations";

const keys: KeyingConfig = { ...Object.fromEntries(EMBEDDED.map((name) => [name, () => null])), ...KEYED };

function forget(cache: Cache, fields: string[]): void {
  for (const found of cache.inspectFields("Query")) {
    if (fields.includes(found.fieldName)) cache.invalidate("Query", found.fieldKey);
  }
}

export function normalisedCache() {
  return cacheExchange({
    // biome-ignore lint/suspicious/noExplicitAny: the type of a JSON file is wider than what it holds
    schema: introspection as any,
    keys,
    updates: {
      Mutation: Object.fromEntries(
        Object.entries(CHANGES).map(([mutation, fields]) => [
          mutation,
          (_result: Data, given: { input?: { dryRun?: boolean } }, cache: Cache) => {
            if (!given.input?.dryRun) forget(cache, fields);
          },
        ]),
      ),
    },
  });
}
