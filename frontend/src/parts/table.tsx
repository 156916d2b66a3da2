import { type ReactNode, type RefObject, useEffect, useRef, useState } from "react";
import { inOrder, nextOrder, type Order } from "./order";

export type Column<Row> = {
  title: string;
  /** Precedes the cell on a narrow screen, which shows no heads. Without it, the cell is clear by itself. */
  label?: string;
  className?: string;
  cell: (row: Row) => ReactNode;
  /** Makes the column sortable. */
  compare?: (one: Row, other: Row) => number;
};

/**
 * A table whose first column names its rows. On a narrow screen each row becomes a block. Columns can be sorted if all
 * rows are loaded. If it is wider than its place, it can be scrolled with the keyboard.
 */
export function Table<Row>({
  label,
  columns,
  rows,
  keyOf,
  isComplete = true,
  className = "",
  rowClass,
}: {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  /** Whether these are all rows, and not only the first pages of them. */
  isComplete?: boolean;
  className?: string;
  rowClass?: (row: Row) => string;
}) {
  const [order, setOrder] = useState<Order | null>(null);
  const frame = useRef<HTMLDivElement>(null);
  const isWide = useOverflow(frame);
  const shown = isComplete ? inOrder(rows, columns, order) : rows;
  const [first, ...others] = columns;
  return (
    <div className={`table folds ${className}`.trim()} ref={frame} tabIndex={isWide ? 0 : undefined}>
      <table aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head
                key={column.title}
                title={column.title}
                order={order}
                sort={isComplete && column.compare ? () => setOrder(nextOrder(order, column.title)) : null}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={keyOf(row)} className={rowClass?.(row)}>
              <th scope="row" className={first?.className}>
                {first?.cell(row)}
              </th>
              {others.map((column) => (
                <td key={column.title} data-label={column.label} className={column.className}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Head({ title, order, sort }: { title: string; order: Order | null; sort: (() => void) | null }) {
  if (!sort) return <th scope="col">{title}</th>;
  const direction = order?.title !== title ? "none" : order.isDescending ? "descending" : "ascending";
  return (
    <th scope="col" aria-sort={direction}>
      <button type="button" className="sort" onClick={sort}>
        {title}
      </button>
    </th>
  );
}

/** Whether the content of an element is wider than the element. */
function useOverflow(frame: RefObject<HTMLElement | null>): boolean {
  const [isWide, setIsWide] = useState(false);
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setIsWide(element.scrollWidth > element.clientWidth));
    for (const observed of [element, ...element.children]) observer.observe(observed);
    return () => observer.disconnect();
  }, [frame]);
  return isWide;
}
