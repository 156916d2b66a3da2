import { useId } from "react";
import { useQuery } from "urql";
import { useOrganization } from "../api/session";
import { SelectClustersDocument } from "../graphql";
import { someOf } from "../parts/errors";
import { type Conditions, selectorOf } from "../values/selectors";

const FIELDS: { key: keyof Conditions; label: string; hint: string }[] = [
  { key: "labels", label: "Labels", hint: "tier=production, size=small|medium" },
  { key: "cloud", label: "Cloud", hint: "amazon|google" },
  { key: "region", label: "Region", hint: "eu-west-3|eu-central-1" },
  { key: "distribution", label: "Distribution", hint: "eks|gke" },
  { key: "kubernetesVersion", label: "Kubernetes version", hint: ">=1.28 <1.31" },
];

/** The conditions of a selector, and the members of the group that it matches now. */
export function SelectorFields({
  label,
  group,
  conditions,
  change,
}: {
  label: string;
  group: string;
  conditions: Conditions;
  change: (conditions: Conditions) => void;
}) {
  const id = useId();
  return (
    <fieldset className="stack tight">
      <legend className="label">{label}</legend>
      <div className="fields">
        {FIELDS.map(({ key, label, hint }) => (
          <div className="field" key={key}>
            <label htmlFor={`${id}-${key}`}>{label}</label>
            <input
              id={`${id}-${key}`}
              className="input slim"
              value={conditions[key]}
              placeholder={hint}
              onChange={(event) => change({ ...conditions, [key]: event.target.value })}
            />
          </div>
        ))}
      </div>
      <p className="small soft" role="status">
        <Matches {...useMatches(group, conditions)} />
      </p>
    </fieldset>
  );
}

type Matching = { clusters: string[] | null; problem: string | null };

/** The members of a group that meet the conditions; null until they are known. */
export function useMatches(group: string, conditions: Conditions | null): Matching {
  const organization = useOrganization();
  const read = conditions === null ? null : selectorOf(conditions);
  const selector = read && "selector" in read ? read.selector : null;
  const [{ data }] = useQuery({
    query: SelectClustersDocument,
    variables: { organization, group, selector: selector ?? {} },
    pause: !group || selector === null,
    requestPolicy: "cache-and-network",
  });
  if (read && "problem" in read) return { clusters: null, problem: read.problem };
  if (!data || selector === null) return { clusters: null, problem: null };
  const [first] = data.selectClusters.problems;
  return first
    ? { clusters: null, problem: first.message }
    : { clusters: data.selectClusters.clusters, problem: null };
}

function Matches({ clusters, problem }: Matching) {
  if (problem) return <>{problem}</>;
  if (clusters === null) return <>…</>;
  return clusters.length === 0 ? (
    <>Matches no cluster of the group now.</>
  ) : (
    <>
      Matches {clusters.length}: {someOf(clusters)}
    </>
  );
}
