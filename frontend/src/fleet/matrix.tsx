import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import { clusterPath, deploymentPath } from "../parts/address";
import { Glyph, ofCluster } from "../parts/glyph";
import { Name } from "../parts/name";
import type { Span } from "./blocks";
import { type Column, MatrixCell, type Row } from "./cell";
import type { Cells } from "./cells";
import type { States } from "./filter";
import { useGridKeys } from "./grid-keys";

const ROW = 40;
const NARROW = 40;
const ROOMY = 148;
const HEAD_ROOMY = 44;
const HEAD_NARROW = 132;

/**
 * Deployments × clusters. Only the cells in view are in the page, so that fifty thousand cost what fifty do. A wide cell
 * has its status and since when; a narrow one has a shape and a color, and the rest in a tooltip.
 */
export function Matrix({
  rows,
  columns,
  cells,
  more,
  see,
  chosen,
}: {
  rows: Row[];
  columns: Column[];
  cells: Map<string, Cells>;
  more: { rows: boolean; columns: boolean };
  see: (down: Span, across: Span) => void;
  chosen: States;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const side = width < 560 ? 124 : 208;
  const roomy =
    !more.columns && ((width - side) / Math.max(columns.length, 1) >= ROOMY || columns.length <= 2);
  const cell = roomy
    ? Math.max(ROOMY, Math.min(240, Math.floor((width - side) / Math.max(columns.length, 1))))
    : NARROW;
  const head = roomy ? HEAD_ROOMY : HEAD_NARROW;

  useEffect(() => {
    const found = scroller.current;
    if (!found) return;
    const observer = new ResizeObserver(() => setWidth(found.clientWidth));
    observer.observe(found);
    return () => observer.disconnect();
  }, []);

  const down = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 8,
    scrollPaddingStart: head,
  });
  const across = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => cell,
    overscan: 4,
    scrollPaddingStart: side,
  });
  useEffect(() => across.measure(), [cell]);

  const names = useMemo(() => rows.map((row) => row.name), [rows]);
  const releases = useMemo(() => columns.map((column) => column.releaseName), [columns]);
  const shownRows = down.getVirtualItems();
  const shownColumns = across.getVirtualItems();
  const [top, bottom] = [shownRows[0]?.index ?? 0, shownRows.at(-1)?.index ?? 0];
  const [left, right] = [shownColumns[0]?.index ?? 0, shownColumns.at(-1)?.index ?? 0];
  useEffect(
    () => see({ first: top, last: bottom }, { first: left, last: right }),
    [top, bottom, left, right, see],
  );

  const keys = useGridKeys({
    scroller,
    rows: rows.length,
    columns: columns.length,
    shown: { top, bottom, left, right },
    bring: (row, column) => {
      if (row >= 0) down.scrollToIndex(row);
      if (column >= 0) across.scrollToIndex(column);
    },
  });

  return (
    <div
      className={`matrix card ${roomy ? "roomy" : ""}`}
      ref={scroller}
      role="grid"
      tabIndex={-1}
      aria-label="Deployments by cluster"
      aria-rowcount={more.rows ? -1 : rows.length + 1}
      aria-colcount={more.columns ? -1 : columns.length + 1}
      onKeyDown={keys.move}
      onFocus={keys.follow}
      style={{ "--side": `${side}px`, "--head": `${head}px`, "--cell": `${cell}px` } as React.CSSProperties}
    >
      <div
        className="plane"
        style={{ height: head + down.getTotalSize(), width: side + across.getTotalSize() }}
      >
        <div className="heads" role="row" aria-rowindex={1}>
          <span className="corner" role="columnheader" aria-colindex={1}>
            Cluster
          </span>
          {shownColumns.map(({ index, start }) => {
            const column = columns[index]!;
            return (
              <span
                key={column.id}
                className="top"
                role="columnheader"
                aria-colindex={index + 2}
                style={{ insetInlineStart: side + start }}
              >
                <Link
                  href={deploymentPath(column.group.name, column.releaseName)}
                  title={`${column.releaseName} (${column.chart}) in ${column.group.name}`}
                  data-at={`-1:${index}`}
                  tabIndex={keys.stop === `-1:${index}` ? 0 : -1}
                >
                  <Name among={releases}>{column.releaseName}</Name>
                </Link>
              </span>
            );
          })}
        </div>
        {shownRows.map(({ index, start }) => (
          <MatrixRow
            key={rows[index]!.id}
            row={rows[index]!}
            cells={cells.get(rows[index]!.id)}
            index={index}
            top={head + start}
            columns={columns}
            shown={shownColumns.map((item) => item.index).join()}
            chosen={chosen}
            stop={keys.stop.startsWith(`${index}:`) ? keys.stop : null}
            side={side}
            cell={cell}
            roomy={roomy}
            names={names}
          />
        ))}
      </div>
    </div>
  );
}

const MatrixRow = memo(function MatrixRow({
  row,
  cells,
  index,
  top,
  columns,
  shown,
  chosen,
  stop,
  side,
  cell,
  roomy,
  names,
}: {
  row: Row;
  cells: Cells | undefined;
  index: number;
  top: number;
  columns: Column[];
  shown: string;
  chosen: States;
  /** The position of the cell that the Tab key reaches, if it is in this row. */
  stop: string | null;
  side: number;
  cell: number;
  roomy: boolean;
  /** Of all clusters. */
  names: string[];
}) {
  const [tone, shape, words] = ofCluster(row.reachability);
  return (
    <div className="line" role="row" aria-rowindex={index + 2} style={{ top }}>
      <span className="name" role="rowheader" aria-colindex={1}>
        <Link
          href={clusterPath(row.name)}
          title={`${row.name}: ${words}`}
          data-at={`${index}:-1`}
          tabIndex={stop === `${index}:-1` ? 0 : -1}
        >
          {row.reachability !== "REACHABLE" && <Glyph shape={shape} tone={tone} />}
          <Name among={names}>{row.name}</Name>
        </Link>
        <span className="cloud">{row.cloud}</span>
      </span>
      {shown
        .split(",")
        .filter(Boolean)
        .map(Number)
        .map((column) => (
          <MatrixCell
            key={columns[column]!.id}
            cell={cells?.get(columns[column]!.id)}
            row={row}
            column={columns[column]!}
            at={`${index}:${column}`}
            isStop={stop === `${index}:${column}`}
            left={side + column * cell}
            chosen={chosen}
            roomy={roomy}
          />
        ))}
    </div>
  );
});
