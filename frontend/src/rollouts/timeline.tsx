import type { RolloutDetailFragment } from "../graphql";
import { type Column, Table } from "../parts/table";
import { Ago, useNow } from "../parts/time";
import { span } from "../values/words";
import { type Bar, type Row, rowsOf } from "./bars";

const COLUMNS: Column<Row>[] = [
  { title: "Wave", cell: ({ name }) => name },
  {
    title: "Started",
    label: "Started",
    cell: ({ startedAt }) => (startedAt ? <Ago at={startedAt} /> : "Not yet"),
  },
  { title: "Moving", label: "Moving", cell: ({ moving }) => moving && span(moving.milliseconds / 1000) },
  {
    title: "Soak and checks",
    label: "Soak and checks",
    cell: ({ waiting }) => waiting && span(waiting.milliseconds / 1000),
  },
  {
    title: "Timeline",
    className: "scale",
    cell: ({ moving, waiting }) => (
      <div className="track" aria-hidden="true">
        {moving && <i style={styleOf(moving)} />}
        {waiting && <i className="waits" style={styleOf(waiting)} />}
      </div>
    ),
  },
];

const styleOf = ({ start, width }: Bar) => ({ insetInlineStart: `${start}%`, width: `${width}%` });

/** When each wave started, how long it moved its targets, and how long it waited then. */
export function Timeline({ rollout }: { rollout: RolloutDetailFragment }) {
  const now = useNow();
  return (
    <>
      <h2>Timeline</h2>
      <div className="card">
        <Table
          label="Timeline"
          columns={COLUMNS}
          rows={rowsOf(rollout, now)}
          keyOf={({ index }) => String(index)}
        />
      </div>
    </>
  );
}
