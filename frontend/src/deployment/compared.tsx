import type { ReactNode } from "react";
import { useRefresh } from "../api/live";
import { useAnswer } from "../api/refetch";
import { CompareTargetsDocument, type CompareTargetsQuery } from "../graphql";
import { inWords } from "../json";
import { EmptyState, QueryResult } from "../parts/states";
import { Status } from "../parts/status";
import { Table } from "../parts/table";
import { layerWords } from "../values/origin";

type Comparison = NonNullable<CompareTargetsQuery["compareTargets"]>;
type Side = Comparison["desired"][number]["a"];

/** Two targets side by side: status, chart version and revision, and the desired values that differ. */
export function Compared({ a, b }: { a: string; b: string }) {
  const { asked, ask, refresh } = useAnswer(CompareTargetsDocument, { a, b });
  useRefresh("deployment target cluster", refresh);
  return (
    <QueryResult asked={asked} retry={ask}>
      {({ compareTargets }) =>
        compareTargets ? <Comparing found={compareTargets} /> : <EmptyState title="Target not found" />
      }
    </QueryResult>
  );
}

type Row = { name: string; isPath: boolean; a: ReactNode; b: ReactNode };

function Comparing({ found }: { found: Comparison }) {
  const { a, b, desired } = found;
  const rows: Row[] = [
    { name: "Status", isPath: false, a: <Status status={a.status} />, b: <Status status={b.status} /> },
    { name: "Chart version", isPath: false, a: <Version side={a} />, b: <Version side={b} /> },
    ...desired.map((line) => ({
      name: line.path,
      isPath: true,
      a: <Value side={line.a} />,
      b: <Value side={line.b} />,
    })),
  ];
  return (
    <>
      <Table
        label="Comparison"
        columns={[
          {
            title: "Value",
            cell: ({ name, isPath }) => (isPath ? <span className="mono wrap">{name}</span> : name),
          },
          { title: a.clusterName, label: a.clusterName, cell: (row) => row.a },
          { title: b.clusterName, label: b.clusterName, cell: (row) => row.b },
        ]}
        rows={rows}
        keyOf={({ name, isPath }) => `${isPath} ${name}`}
      />
      {desired.length === 0 && <p className="padded soft">The desired values are the same.</p>}
    </>
  );
}

function Version({ side }: { side: Comparison["a"] }) {
  return (
    <>
      {side.version ?? "—"}
      {side.revision !== null && <span className="soft small"> revision {side.revision}</span>}
    </>
  );
}

function Value({ side }: { side: Side }) {
  if (side === null) return <>—</>;
  return (
    <span className="mono wrap">
      {inWords(side.value)}
      {side.layer && <span className="soft small"> {layerWords(side.layer)}</span>}
    </span>
  );
}
