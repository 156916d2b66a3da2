import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, memo, useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import type { TargetStatus } from "../graphql";
import { clusterPath, deploymentPath } from "../parts/address";
import { Glyph, ofCluster } from "../parts/glyph";
import type { Span } from "./blocks";
import { type Column, MatrixCell, type Row } from "./cell";
import type { Cells } from "./cells";

const ROW = 40;
const NARROW = 40;
const ROOMY = 148;
const HEAD_ROOMY = 44;
const HEAD_NARROW = 132;

/**
 * Deployments × clusters. Only what can be seen is in the page, so that fifty thousand cells cost what fifty do. Where
 * there is room, a cell says its status and since when; where there is not, its shape and colour do, and the rest is told
 * to whom points at it.
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
  chosen: TargetStatus[];
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

  const shownRows = down.getVirtualItems();
  const shownColumns = across.getVirtualItems();
  const [top, bottom] = [shownRows[0]?.index ?? 0, shownRows.at(-1)?.index ?? 0];
  const [left, right] = [shownColumns[0]?.index ?? 0, shownColumns.at(-1)?.index ?? 0];
  useEffect(
    () => see({ first: top, last: bottom }, { first: left, last: right }),
    [top, bottom, left, right, see],
  );

  const move = useArrowKeys(scroller, rows.length, columns.length, (row, column) => {
    down.scrollToIndex(row);
    across.scrollToIndex(column);
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
      onKeyDown={move}
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
                >
                  {column.releaseName}
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
            side={side}
            cell={cell}
            roomy={roomy}
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
  side,
  cell,
  roomy,
}: {
  row: Row;
  cells: Cells | undefined;
  index: number;
  top: number;
  columns: Column[];
  shown: string;
  chosen: TargetStatus[];
  side: number;
  cell: number;
  roomy: boolean;
}) {
  const [tone, shape, words] = ofCluster(row.reachability);
  return (
    <div className="line" role="row" aria-rowindex={index + 2} style={{ top }}>
      <span className="name" role="rowheader" aria-colindex={1}>
        <Link href={clusterPath(row.name)} title={`${row.name}: ${words}`}>
          {row.reachability !== "REACHABLE" && <Glyph shape={shape} tone={tone} />}
          {row.name}
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
            left={side + column * cell}
            chosen={chosen}
            roomy={roomy}
          />
        ))}
    </div>
  );
});

const STEPS: Record<string, [number, number]> = {
  ArrowDown: [1, 0],
  ArrowUp: [-1, 0],
  ArrowRight: [0, 1],
  ArrowLeft: [0, -1],
  PageDown: [10, 0],
  PageUp: [-10, 0],
};

/** The arrow keys go from cell to cell, over empty ones, and bring what was out of sight. */
function useArrowKeys(
  scroller: React.RefObject<HTMLDivElement | null>,
  rows: number,
  columns: number,
  bring: (row: number, column: number) => void,
) {
  return (event: KeyboardEvent) => {
    const from = (event.target as HTMLElement).dataset.at?.split(":").map(Number);
    const step = STEPS[event.key];
    if (!from || !step) return;
    event.preventDefault();
    let [row, column] = from as [number, number];
    const clamp = (value: number, most: number) => Math.max(0, Math.min(most - 1, value));
    row = clamp(row + step[0], rows);
    column = clamp(column + step[1], columns);
    bring(row, column);
    requestAnimationFrame(() => {
      const search = step[0] ? `[data-at="${row}:${column}"]` : `[data-at^="${row}:"]`;
      const found = [...(scroller.current?.querySelectorAll<HTMLElement>(search) ?? [])];
      const beyond = found.filter((cell) => {
        const at = Number(cell.dataset.at?.split(":")[1]);
        return step[1] > 0 ? at >= column : step[1] < 0 ? at <= column : true;
      });
      (step[1] < 0 ? beyond.at(-1) : beyond[0])?.focus();
    });
  };
}
