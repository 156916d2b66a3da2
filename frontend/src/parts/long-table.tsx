import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import type { Pages } from "../api/pages";
import type { Column } from "./table";

const HEIGHT = 44;
const OVERSCAN = 10;

type LongColumn<Row> = Pick<Column<Row>, "title" | "className" | "cell"> & {
  /** Shown when the pointer rests on the cell. */
  hint?: (row: Row) => string | undefined;
};

/**
 * A table of thousands of rows. Only the rows in view are in the page; the next ones are loaded when they come near.
 * The style class sets the widths of the columns, and which of them a narrow screen shows.
 */
export function LongTable<Row>({
  label,
  columns,
  rows,
  pages,
  className,
}: {
  label: string;
  columns: readonly LongColumn<Row>[];
  rows: readonly Row[];
  pages: Pages<Row>;
  className: string;
}) {
  const body = useRef<HTMLDivElement>(null);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => HEIGHT,
    overscan: OVERSCAN,
    scrollMargin: body.current?.offsetTop ?? 0,
  });
  const shown = virtual.getVirtualItems();
  const [first, last] = [shown[0]?.index ?? 0, shown.at(-1)?.index ?? 0];
  const { more, see } = pages;
  useEffect(() => see(first, last), [first, last, see]);
  return (
    <div
      className={`long-table ${className}`}
      role="table"
      aria-label={label}
      aria-rowcount={more ? -1 : rows.length + 1}
    >
      <div role="rowgroup">
        <div role="row" aria-rowindex={1} className="long-row heads">
          {columns.map(({ title }) => (
            <span key={title} role="columnheader">
              {title}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" ref={body} className="long-rows" style={{ height: virtual.getTotalSize() }}>
        {shown.map(({ index, start }) => (
          <div
            key={index}
            ref={virtual.measureElement}
            data-index={index}
            role="row"
            aria-rowindex={index + 2}
            className="long-row"
            style={{ translate: `0 ${start - virtual.options.scrollMargin}px` }}
          >
            {columns.map((column) => (
              <span
                key={column.title}
                role="cell"
                className={column.className}
                title={column.hint?.(rows[index]!)}
              >
                {column.cell(rows[index]!)}
              </span>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}
