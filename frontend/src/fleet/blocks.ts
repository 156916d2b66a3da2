import type { Block } from "./cells";

export const ROWS = 25;
export const COLUMNS = 50;

/** The first and the last index of what is seen. */
export type Span = { first: number; last: number };

/** The blocks of the matrix that are seen, and those above and below them; what is not loaded yet is in none. */
export function blocksOf(
  rows: { id: string }[],
  columns: { id: string }[],
  down: Span,
  across: Span,
): Block[] {
  const pieces = (items: { id: string }[], size: number, span: Span, around: number) => {
    const from = Math.max(0, Math.floor(span.first / size) - around);
    const to = Math.min(Math.ceil(items.length / size) - 1, Math.floor(span.last / size) + around);
    return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) =>
      items.slice((from + index) * size, (from + index + 1) * size).map((item) => item.id),
    );
  };
  return pieces(rows, ROWS, down, 1).flatMap((clusters) =>
    pieces(columns, COLUMNS, across, 0).map((deployments) => ({ clusters, deployments })),
  );
}
