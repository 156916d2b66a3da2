import { useVirtualizer } from "@tanstack/react-virtual";
import { type FocusEvent, type KeyboardEvent, type MouseEvent, useEffect, useRef, useState } from "react";
import { Name } from "../parts/name";
import { DriftMark, HealthMark } from "../parts/status";
import { Since } from "../parts/time";
import { type Row, step } from "./tree";

const HEIGHT = 36;

/**
 * The tree as a grid, by the ARIA guide: the arrow keys move and open, Enter shows a row's details, Escape closes them.
 * Only the rows in view are in the page.
 */
export function TreeView({
  rows,
  chosen,
  label,
  open,
  choose,
}: {
  rows: Row[];
  /** The key of the object whose details are shown; null if there are none. */
  chosen: string | null;
  label: string;
  open: (key: string, isOpen: boolean) => void;
  choose: (key: string | null) => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const wanted = useRef<string | null>(null);
  const [last, setLast] = useState(chosen ?? rows[0]?.item.key ?? "");
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => HEIGHT,
    overscan: 12,
    getItemKey: (index) => rows[index]!.item.key,
  });
  const shown = virtual.getVirtualItems();
  // The Tab key reaches one row: the last one with the focus, or the first one in view.
  const stop = shown.some(({ index }) => rows[index]!.item.key === last)
    ? last
    : (rows[shown[0]?.index ?? 0]?.item.key ?? "");

  function focus(key: string): void {
    const index = rows.findIndex(({ item }) => item.key === key);
    if (index < 0) return;
    virtual.scrollToIndex(index);
    wanted.current = key;
    setLast(key);
  }

  // A row that comes into view is drawn some renderings later.
  useEffect(() => {
    if (wanted.current === null) return;
    const found = [...(scroller.current?.querySelectorAll<HTMLElement>("[data-key]") ?? [])].find(
      (row) => row.dataset.key === wanted.current,
    );
    if (!found) return;
    wanted.current = null;
    found.focus();
  });

  const before = useRef(chosen);
  useEffect(() => {
    // When the details are closed, the focus returns to the row.
    if (chosen === null && before.current !== null) focus(before.current);
    before.current = chosen;
  });

  function press(event: KeyboardEvent): void {
    const key = (event.target as HTMLElement).closest<HTMLElement>("[data-key]")?.dataset.key;
    if (key === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") choose(key);
    else if (event.key === "Escape" && chosen !== null) choose(null);
    else {
      const found = step(rows, key, event.key);
      if (!found) return;
      if ("focus" in found) focus(found.focus);
      else open(key, found.open);
    }
    event.preventDefault();
  }

  function click({ target }: MouseEvent): void {
    const at = target as HTMLElement;
    const key = at.closest<HTMLElement>("[data-key]")?.dataset.key;
    const row = rows.find(({ item }) => item.key === key);
    if (!row) return;
    if (at.closest("[data-fold]")) open(row.item.key, !row.isOpen);
    else choose(row.item.key);
  }

  function follow(event: FocusEvent): void {
    const { key } = (event.target as HTMLElement).dataset;
    if (key !== undefined) setLast(key);
  }

  return (
    <div
      className="tree"
      ref={scroller}
      role="treegrid"
      tabIndex={-1}
      aria-label={label}
      aria-rowcount={rows.length}
      onClick={click}
      onKeyDown={press}
      onFocus={follow}
    >
      <div role="rowgroup" className="plane" style={{ height: virtual.getTotalSize() }}>
        {shown.map(({ index, start }) => {
          const row = rows[index]!;
          return (
            <TreeRow
              key={row.item.key}
              row={row}
              index={index}
              start={start}
              isStop={row.item.key === stop}
              isChosen={row.item.key === chosen}
            />
          );
        })}
      </div>
    </div>
  );
}

function TreeRow({
  row: { item, level, place, count, isOpen },
  index,
  start,
  isStop,
  isChosen,
}: {
  row: Row;
  index: number;
  start: number;
  isStop: boolean;
  isChosen: boolean;
}) {
  return (
    <div
      className="branch"
      role="row"
      aria-rowindex={index + 1}
      aria-level={level}
      aria-posinset={place}
      aria-setsize={count}
      aria-expanded={isOpen ?? undefined}
      aria-selected={isChosen}
      tabIndex={isStop ? 0 : -1}
      data-key={item.key}
      data-kind={item.kind}
      data-health={item.health}
      style={{ top: start, height: HEIGHT, "--level": level } as React.CSSProperties}
    >
      <span role="gridcell" className="object-name">
        {isOpen === null ? (
          <i className="fold" />
        ) : (
          <i className="fold" data-fold="" aria-hidden="true">
            {isOpen ? "▾" : "▸"}
          </i>
        )}
        <span className="tag">{item.kind}</span>
        <Name>{item.name}</Name>
        {item.resource && item.resource.origin !== "MANIFEST" && (
          <span className="tag">{item.resource.origin.toLowerCase()}</span>
        )}
      </span>
      <span role="gridcell" className="health">
        <HealthMark health={item.health} />
        {item.health !== "HEALTHY" && item.reason && <span className="small soft">{item.reason}</span>}
      </span>
      <span role="gridcell" className="more">
        {(item.drift === "DRIFTED" || item.drift === "MISSING" || item.drift === "NOT_CHECKED") && (
          <DriftMark drift={item.drift} />
        )}
        {item.restarts > 0 && (
          <span className="small">
            {item.restarts} {item.restarts === 1 ? "restart" : "restarts"}
          </span>
        )}
      </span>
      <span role="gridcell" className="images mono soft small" title={item.images.join("\n")}>
        {item.images[0] && <Name>{item.images[0]}</Name>}
        {item.images.length > 1 && ` +${item.images.length - 1}`}
      </span>
      <span role="gridcell" className="since soft small">
        {item.since && <Since at={item.since} />}
      </span>
    </div>
  );
}
