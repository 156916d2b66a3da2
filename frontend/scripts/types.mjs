// Writes src/graphql.ts, from the API's printed schema and the operations in src/**/*.graphql: the types that are used,
// and a typed document for each operation. And src/introspection.json, by which the normalised cache knows what
// implements what. And src/graphiql/tour.json: the README's tour, as GraphiQL's examples.
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codegen } from "@graphql-codegen/core";
import * as documents from "@graphql-codegen/typed-document-node";
import * as operations from "@graphql-codegen/typescript-operations";
import { minifyIntrospectionQuery } from "@urql/introspection";
import { buildSchema, introspectionFromSchema, parse } from "graphql";

const source = new URL("../src/", import.meta.url).pathname;
const schema = buildSchema(readFileSync(new URL("../../schema/schema.graphql", import.meta.url), "utf8"));
const asked = readdirSync(source, { recursive: true })
  .filter((path) => path.endsWith(".graphql"))
  .sort()
  .map((path) => ({ location: path, document: parse(readFileSync(join(source, path), "utf8")) }));

const written = await codegen({
  schema: parse(readFileSync(new URL("../../schema/schema.graphql", import.meta.url), "utf8")),
  schemaAst: schema,
  documents: asked,
  filename: "graphql.ts",
  config: {
    scalars: { Date: "string", DateTime: "string", JSON: "import('./json').Json" },
    enumsAsTypes: true,
    useTypeImports: true,
    onlyOperationTypes: true,
    skipTypename: false,
    dedupeFragments: true,
    optimizeDocumentNode: true,
    avoidOptionals: false,
  },
  plugins: [{ operations: {} }, { documents: {} }],
  pluginMap: { operations, documents },
});
// The members of enums that forms offer: a newer schema may have more of them.
const OFFERED = {
  CrdPolicy: "CRD_POLICIES",
  LiveDrift: "LIVE_DRIFTS",
  DriftState: "DRIFT_STATES",
  Remedy: "REMEDIES",
};
const offered = Object.entries(OFFERED).map(([name, constant]) => {
  const members = schema
    .getType(name)
    .getValues()
    .map((member) => member.name);
  return `export const ${constant}: ${name}[] = ${JSON.stringify(members)};`;
});
write("graphql.ts", `${written}\n${offered.join("\n")}\n`);

const introspection = introspectionFromSchema(schema, { descriptions: false });
write("introspection.json", JSON.stringify(minifyIntrospectionQuery(introspection)));

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const tour = [...readme.matchAll(/\*\*(\d+\. [^*]+)\*\*[^`]*(?:`[^`]+`[^`]*)*```graphql\n(.*?)```/gs)];
if (tour.length === 0) throw new Error("The README's tour has no examples that can be found.");
const examples = tour.map(([, title, query]) => ({ title, query }));
write(join("graphiql", "tour.json"), JSON.stringify(examples));

// Whole at every moment: a build and a check that run at the same time both write them.
function write(path, text) {
  const whole = join(source, path);
  writeFileSync(`${whole}.${process.pid}`, text);
  renameSync(`${whole}.${process.pid}`, whole);
}
