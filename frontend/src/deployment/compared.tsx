import { useAnswer } from "../api/anew";
import { useRefresh } from "../api/live";
import { CompareTargetsDocument, type CompareTargetsQuery } from "../graphql";
import { Answer, Blank } from "../parts/states";
import { Status } from "../parts/status";
import { layerWords } from "../values/origin";

type Comparison = NonNullable<CompareTargetsQuery["compareTargets"]>;
type Side = Comparison["desired"][number]["a"];

/** Two targets side by side: status, chart version and revision, and the desired values that differ. */
export function Compared({ a, b }: { a: string; b: string }) {
  const { asked, ask, refresh } = useAnswer(CompareTargetsDocument, { a, b });
  useRefresh("deployment target cluster", refresh);
  return (
    <Answer asked={asked} retry={ask}>
      {({ compareTargets }) =>
        compareTargets ? <Table found={compareTargets} /> : <Blank title="Target not found" />
      }
    </Answer>
  );
}

function Table({ found }: { found: Comparison }) {
  const sides = [found.a, found.b];
  return (
    <div className="table folds">
      <table>
        <thead>
          <tr>
            <th scope="col">Value</th>
            {sides.map((side) => (
              <th scope="col" key={side.id}>
                {side.clusterName}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">Status</th>
            {sides.map((side) => (
              <td key={side.id} data-label={side.clusterName}>
                <Status status={side.status} />
              </td>
            ))}
          </tr>
          <tr>
            <th scope="row">Chart version</th>
            {sides.map((side) => (
              <td key={side.id} data-label={side.clusterName}>
                {side.version ?? "—"}
                {side.revision !== null && <span className="soft small"> revision {side.revision}</span>}
              </td>
            ))}
          </tr>
          {found.desired.map((line) => (
            <tr key={line.path}>
              <th scope="row" className="mono wrap">
                {line.path}
              </th>
              <td className="mono wrap" data-label={found.a.clusterName}>
                <Value side={line.a} />
              </td>
              <td className="mono wrap" data-label={found.b.clusterName}>
                <Value side={line.b} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {found.desired.length === 0 && <p className="padded soft">The desired values are the same.</p>}
    </div>
  );
}

function Value({ side }: { side: Side }) {
  if (side === null) return <>—</>;
  return (
    <>
      {typeof side.value === "string" ? side.value : JSON.stringify(side.value)}
      {side.layer && <span className="soft small"> {layerWords(side.layer)}</span>}
    </>
  );
}
