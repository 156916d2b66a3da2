/** How a table is sorted: by the column with this title, and whether from the largest to the smallest. */
export type Order = { title: string; isDescending: boolean };

type Sortable<Row> = { title: string; compare?: (one: Row, other: Row) => number };

/** The order after a click on the head of a column: ascending, then descending, then the rows' own order. */
export function nextOrder(order: Order | null, title: string): Order | null {
  if (order?.title !== title) return { title, isDescending: false };
  return order.isDescending ? null : { title, isDescending: true };
}

/** The rows in an order. Rows that are equal keep theirs. */
export function inOrder<Row>(
  rows: readonly Row[],
  columns: readonly Sortable<Row>[],
  order: Order | null,
): readonly Row[] {
  const compare = columns.find((column) => column.title === order?.title)?.compare;
  if (!order || !compare) return rows;
  const sign = order.isDescending ? -1 : 1;
  return rows.toSorted((one, other) => sign * compare(one, other));
}

/** Compares by a text or a number; rows without one come last. */
export function by<Row>(keyOf: (row: Row) => string | number | null): (one: Row, other: Row) => number {
  return (one, other) => {
    const [a, b] = [keyOf(one), keyOf(other)];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), undefined, { numeric: true });
  };
}
