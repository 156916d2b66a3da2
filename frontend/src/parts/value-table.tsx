import type { Json } from "../json";
import type { Line } from "../values/origin";
import type { Reference } from "../values/references";

const ORIGINS = {
  chart: "chart",
  common: "common",
  selector: "selector",
  override: "override",
  secret: "secret",
  removed: "removed",
};

/**
 * Wanted beside installed values, and the layer from which each is wanted; of secrets, which, by `references`, the
 * strongest last. `marked`: those that differ stand out.
 */
export function ValueTable({
  lines,
  isInstalled,
  references,
  marked,
}: {
  lines: Line[];
  references: Reference[];
  isInstalled: boolean;
  marked?: boolean;
}) {
  return (
    <div className="table folds values">
      <table>
        <thead>
          <tr>
            <th scope="col">Value</th>
            <th scope="col">Wanted</th>
            <th scope="col">Installed</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.path} className={marked && line.differs ? "differs" : ""}>
              <th scope="row" className="mono wrap">
                {line.path}
              </th>
              <td className="mono wrap" data-label="wanted">
                {written(line.desired)}
              </td>
              <td className="mono wrap" data-label="installed">
                {isInstalled ? written(line.installed) : "—"}
                {marked && line.differs && <span className="hidden"> (differs)</span>}
              </td>
              <td data-label="from">
                {line.origin && <span className={`tag from-${line.origin}`}>{ORIGINS[line.origin]}</span>}{" "}
                {line.origin === "secret" && <span className="small wrap">{sourceOf(line, references)}</span>}
                {line.note && <div className="soft small wrap">{line.note}</div>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function written(value: Json | undefined): string {
  if (value === undefined) return "—";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function sourceOf(line: Line, references: Reference[]): string {
  const found = references.findLast((one) => one.path === line.path);
  return found ? `${found.secret}/${found.key}` : "";
}
