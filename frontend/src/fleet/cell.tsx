import { memo, useState } from "react";
import { Link } from "wouter";
import type { FleetColumnsQuery, FleetRowsQuery } from "../graphql";
import { targetPath } from "../parts/address";
import { Glyph, ofDrift, ofHealth, shapeOf, toneOf } from "../parts/glyph";
import { Since } from "../parts/time";
import { driftWords, HEALTH_WORDS, STATUS_WORDS } from "../values/words";
import type { Cell } from "./cells";
import type { States } from "./filter";
import { isMeant, remarksOf } from "./remarks";

export type Row = FleetRowsQuery["fleet"]["clusters"]["nodes"][number];
export type Column = FleetColumnsQuery["fleet"]["deployments"]["nodes"][number];

/** One target. A narrow cell has a tooltip, which is made when it is pointed at or has the focus. */
export const MatrixCell = memo(function MatrixCell({
  cell,
  row,
  column,
  at,
  isStop,
  left,
  chosen,
  roomy,
}: {
  cell: Cell | null | undefined;
  row: Row;
  column: Column;
  /** Its position, "row:column". */
  at: string;
  /** Whether the Tab key reaches it. */
  isStop: boolean;
  left: number;
  chosen: States;
  roomy: boolean;
}) {
  const [isPointedAt, setPointedAt] = useState(false);
  if (!cell) {
    return (
      <span
        className="spot"
        role="gridcell"
        aria-colindex={Number(at.split(":")[1]) + 2}
        data-at={at}
        tabIndex={isStop ? 0 : -1}
        style={{ insetInlineStart: left }}
      >
        {cell === null ? <span className="hidden">not deployed</span> : <i className="awaited" />}
      </span>
    );
  }
  const faded = !isMeant(cell, chosen);
  const words = STATUS_WORDS[cell.status];
  const remarks = remarksOf(cell);
  const marks = [
    ...(remarks.health ? [{ words: HEALTH_WORDS[remarks.health], mark: ofHealth(remarks.health) }] : []),
    ...(remarks.drift ? [{ words: driftWords(remarks.drift), mark: ofDrift(remarks.drift) }] : []),
  ];
  return (
    <span
      className="spot"
      role="gridcell"
      aria-colindex={Number(at.split(":")[1]) + 2}
      style={{ insetInlineStart: left }}
    >
      <Link
        href={targetPath(column.group.name, column.releaseName, row.name)}
        className={`cell tone-${toneOf(cell.status)} ${faded ? "faded" : ""}`}
        data-at={at}
        data-status={cell.status}
        data-health={cell.health}
        tabIndex={isStop ? 0 : -1}
        onPointerEnter={() => setPointedAt(true)}
        onPointerLeave={() => setPointedAt(false)}
        onFocus={() => setPointedAt(true)}
        onBlur={() => setPointedAt(false)}
      >
        <Glyph shape={shapeOf(cell.status)} />
        <span className="hidden">
          {column.releaseName} on {row.name}:{" "}
        </span>
        <span className={roomy ? "words" : "hidden"}>{words}</span>
        {marks.length > 0 && (
          <span className="marks">
            {marks.map(({ words, mark: [tone, shape] }) => (
              <span key={words} title={words}>
                <Glyph shape={shape} tone={tone} />
                <span className="hidden">, {words}</span>
              </span>
            ))}
          </span>
        )}
        {roomy && (
          <span className="since">
            <Since at={cell.statusSince} />
          </span>
        )}
        {!roomy && isPointedAt && (
          <span className="tip" aria-hidden="true">
            <b>
              {column.releaseName} on {row.name}
            </b>
            {words} for <Since at={cell.statusSince} />
            {marks.map(({ words }) => (
              <span key={words}>, {words.toLowerCase()}</span>
            ))}
          </span>
        )}
      </Link>
    </span>
  );
});
