import introspection from "../introspection.json";

/** What the cache has to know of the schema, read from the schema itself: a new subject needs no line here. */

interface Reference {
  kind: string;
  name?: string | undefined;
  ofType?: Reference | null | undefined;
}

interface Named {
  kind: string;
  name: string;
  fields?: { name: string; type: Reference }[];
  possibleTypes?: { name?: string }[];
}

const TYPES = new Map((introspection.__schema.types as unknown as Named[]).map((type) => [type.name, type]));
const fieldsOf = (name: string) => TYPES.get(name)?.fields ?? [];

/** The types with an identity of their own, apart from those with an `id`, and what identifies them. */
export const KEYED: Record<string, (data: Record<string, unknown>) => string> = {
  Event: (event) => String(event.cursor),
  Chart: (chart) => `${chart.repository}/${chart.name}`,
  ApiToken: (token) => String(token.name),
  Membership: (membership) => String(membership.organization),
};

const hasIdentity = (name: string) => name in KEYED || fieldsOf(name).some((field) => field.name === "id");

/** The types without an identity: the cache keeps them with the object that they belong to. */
export const EMBEDDED = [...TYPES.values()]
  .filter((type) => type.kind === "OBJECT" && !hasIdentity(type.name))
  .map((type) => type.name);

function nameOf({ name, ofType }: Reference): string {
  return ofType ? nameOf(ofType) : (name ?? "");
}

function isList({ kind, ofType }: Reference): boolean {
  return kind === "LIST" || (ofType ? isList(ofType) : false);
}

/** The type of a list's elements; undefined for any other type. */
function elementOf(type: Reference): string | undefined {
  if (isList(type)) return nameOf(type);
  const nodes = fieldsOf(nameOf(type)).find((field) => field.name === "nodes");
  return nodes && nameOf(nodes.type);
}

const elementsOf = (name: string) => fieldsOf(name).flatMap(({ type }) => elementOf(type) ?? []);

/** The types of which a query shows a list or one object, those in lists of such an object included. */
function shownBy(type: Reference): Set<string> {
  const name = elementOf(type) ?? nameOf(type);
  return new Set([name, ...elementsOf(name)]);
}

/** The types of the objects that a mutation answers with, or else the one that its name has after the verb. */
function changedBy(mutation: { name: string; type: Reference }): string[] {
  const payloads = (TYPES.get(nameOf(mutation.type))?.possibleTypes ?? []).map(({ name }) => name ?? "");
  const answered = payloads
    .filter((name) => name.endsWith("Payload"))
    .flatMap((name) => fieldsOf(name).map(({ type }) => nameOf(type)))
    .filter((name) => TYPES.get(name)?.kind === "OBJECT" && hasIdentity(name));
  return answered.length > 0 ? answered : [mutation.name.replace(/^[a-z]+/, "")];
}

/** What else a mutation changes: objects of a type that its answer does not have. */
const ALSO: Record<string, string[]> = {
  addChartRepository: ["Chart"],
  removeChartRepository: ["Chart"],
  refreshChartRepository: ["Chart"],
  uploadChart: ["ChartRepository"],
  updateCluster: ["ClusterSelection"],
  createClusterGroup: ["Cluster"],
  updateClusterGroup: ["ClusterSelection", "Cluster"],
  deleteClusterGroup: ["Cluster"],
  setPassword: ["Session"],
  signOut: ["Session"],
};

/** By mutation, the queries that are asked again where a page shows them, because the mutation may have changed their lists. */
export const CHANGES: Record<string, string[]> = Object.fromEntries(
  fieldsOf("Mutation").map((mutation) => {
    const changed = [...changedBy(mutation), ...(ALSO[mutation.name] ?? [])];
    const queries = fieldsOf("Query").filter(({ type }) => {
      const shown = shownBy(type);
      return changed.some((name) => shown.has(name));
    });
    return [mutation.name, queries.map(({ name }) => name)];
  }),
);
