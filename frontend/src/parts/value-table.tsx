import { inWords } from "../json";
import type { Line } from "../values/origin";
import type { Reference } from "../values/references";
import { Table } from "./table";

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
    <Table
      label="Values"
      className="values"
      columns={[
        { title: "Value", className: "mono wrap", cell: ({ path }) => path },
        {
          title: "Wanted",
          label: "wanted",
          className: "mono wrap",
          cell: ({ desired }) => inWords(desired),
        },
        {
          title: "Installed",
          label: "installed",
          className: "mono wrap",
          cell: ({ installed, differs }) => (
            <>
              {isInstalled ? inWords(installed) : "—"}
              {marked && differs && <span className="hidden"> (differs)</span>}
            </>
          ),
        },
        { title: "From", label: "from", cell: (line) => <Origin line={line} references={references} /> },
      ]}
      rows={lines}
      keyOf={({ path }) => path}
      rowClass={({ differs }) => (marked && differs ? "differs" : "")}
    />
  );
}

function Origin({ line, references }: { line: Line; references: Reference[] }) {
  return (
    <>
      {line.origin && <span className={`tag from-${line.origin}`}>{ORIGINS[line.origin]}</span>}{" "}
      {line.origin === "secret" && <span className="small wrap">{sourceOf(line, references)}</span>}
      {line.note && <div className="soft small wrap">{line.note}</div>}
    </>
  );
}

function sourceOf(line: Line, references: Reference[]): string {
  const found = references.findLast((one) => one.path === line.path);
  return found ? `${found.secret}/${found.key}` : "";
}
