import { type FocusEvent, type KeyboardEvent, type RefObject, useEffect, useRef, useState } from "react";

/** A place in the grid. Row -1 has the names of the columns, column -1 those of the rows. */
type Place = { row: number; column: number };

type Shown = { top: number; bottom: number; left: number; right: number };

const PAGE = 10;

/** The place that a key leads to; undefined for all other keys. */
export function next(from: Place, key: string, toEnd: boolean, size: { rows: number; columns: number }) {
  const { row, column } = from;
  const [lastRow, lastColumn] = [size.rows - 1, size.columns - 1];
  const places: Record<string, Place> = {
    ArrowDown: { row: row + 1, column },
    ArrowUp: { row: row - 1, column },
    ArrowRight: { row, column: column + 1 },
    ArrowLeft: { row, column: column - 1 },
    PageDown: { row: row + PAGE, column },
    PageUp: { row: Math.max(0, row - PAGE), column },
    Home: toEnd ? { row: 0, column: -1 } : { row, column: -1 },
    End: toEnd ? { row: lastRow, column: lastColumn } : { row, column: lastColumn },
  };
  const found = places[key];
  if (!found) return undefined;
  const clamp = (value: number, last: number) => Math.max(-1, Math.min(last, value));
  const to = { row: clamp(found.row, lastRow), column: clamp(found.column, lastColumn) };
  return to.row < 0 && to.column < 0 ? from : to; // the corner cannot be selected
}

/**
 * The keys of the ARIA guide's grid, for a grid that has only what is in view. The Tab key reaches one place (`stop`):
 * the one that had the focus last, or the first that is in view.
 */
export function useGridKeys({
  scroller,
  rows,
  columns,
  shown,
  bring,
}: {
  scroller: RefObject<HTMLElement | null>;
  rows: number;
  columns: number;
  shown: Shown;
  bring: (row: number, column: number) => void;
}) {
  const [last, setLast] = useState<Place>({ row: 0, column: -1 });
  const wanted = useRef<Place | null>(null);
  const isShown =
    (last.row < 0 || (last.row >= shown.top && last.row <= shown.bottom)) &&
    (last.column < 0 || (last.column >= shown.left && last.column <= shown.right));
  const stop = isShown ? `${last.row}:${last.column}` : `${shown.top}:-1`;

  function move(event: KeyboardEvent): void {
    const from = placeOf(event.target);
    const to = from && next(from, event.key, event.ctrlKey, { rows, columns });
    if (!to) return;
    event.preventDefault();
    bring(to.row, to.column);
    wanted.current = to;
    setLast(to);
  }

  // A place that comes into view is drawn some renderings later.
  useEffect(() => {
    const place = wanted.current;
    if (!place) return;
    const found = scroller.current?.querySelector<HTMLElement>(`[data-at="${place.row}:${place.column}"]`);
    if (!found) return;
    wanted.current = null;
    found.focus();
  });

  function follow(event: FocusEvent): void {
    const place = placeOf(event.target);
    if (place) setLast(place);
  }

  return { stop, move, follow };
}

function placeOf(target: EventTarget): Place | undefined {
  const at = (target as HTMLElement).dataset.at?.split(":").map(Number);
  return at && { row: at[0]!, column: at[1]! };
}
