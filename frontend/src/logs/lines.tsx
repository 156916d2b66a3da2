import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type UIEvent, useEffect, useLayoutEffect, useRef } from "react";
import { Name } from "../parts/name";
import { piecesOf } from "./ansi";
import type { Kept, Line } from "./buffer";
import { partsOf } from "./find";

const HEIGHT = 20;
/** This near to its end, a log counts as scrolled down. */
const NEAR = 24;
/** For how many milliseconds after a key or a turn of the wheel scrolling is the user's. */
const BY_HAND = 500;

export type Looks = { isTimed: boolean; isWrapped: boolean; isNamed: boolean };

/** The lines of a log that are in view. It stays at the end while `isFollowing`. */
export function Lines({
  kept: { lines, letGo },
  looks,
  sought,
  place,
  isFollowing,
  follow,
}: {
  kept: Kept;
  looks: Looks;
  sought: string;
  /** The place of the line to show; null to leave it to the user. */
  place: number | null;
  isFollowing: boolean;
  /** Called when the user leaves the end, and comes back to it. */
  follow: (isFollowing: boolean) => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => HEIGHT,
    overscan: 20,
    getItemKey: (index) => lines[index]!.number,
  });
  const plane = useRef<HTMLDivElement>(null);
  const top = useRef(0);
  const touched = useRef(Number.NEGATIVE_INFINITY);
  // At the end, the page moves with the lines; elsewhere, the lines in view stay where they are.
  virtual.shouldAdjustScrollPositionOnItemSizeChange = (item, _delta, { scrollOffset }) =>
    !isFollowing && item.start < (scrollOffset ?? 0);

  // Lines are as high as they turn out to be once they are drawn: the end moves with them.
  useLayoutEffect(() => {
    const found = scroller.current;
    if (!isFollowing || !found) return;
    const goToEnd = () => {
      found.scrollTop = found.scrollHeight;
    };
    goToEnd();
    const observer = new ResizeObserver(goToEnd);
    observer.observe(plane.current!);
    return () => observer.disconnect();
  }, [isFollowing, lines]);

  useEffect(() => {
    if (place !== null) virtual.scrollToIndex(place, { align: "center" });
  }, [place, sought]);

  function scroll({ currentTarget: at }: UIEvent<HTMLElement>): void {
    const isUp = at.scrollTop < top.current;
    top.current = at.scrollTop;
    // The page scrolls by itself, too: only what the user does counts.
    if (performance.now() - touched.current > BY_HAND) return;
    const isAtEnd = at.scrollHeight - at.clientHeight - at.scrollTop < NEAR;
    if (isFollowing ? isUp && !isAtEnd : isAtEnd && !isUp) follow(!isFollowing);
  }

  function touch(): void {
    touched.current = performance.now();
  }

  return (
    <div
      className={`log ${looks.isWrapped ? "wrapped" : ""}`}
      ref={scroller}
      role="region"
      aria-label="Log"
      tabIndex={0}
      onScroll={scroll}
      onWheel={touch}
      onTouchMove={touch}
      onPointerDown={touch}
      onPointerMove={(event) => event.buttons > 0 && touch()}
      onKeyDown={touch}
    >
      {letGo > 0 && (
        <p className="notice">{letGo.toLocaleString()} older lines are no longer kept in this page.</p>
      )}
      <div className="plane" ref={plane} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => (
          <div
            key={lines[index]!.number}
            ref={virtual.measureElement}
            data-index={index}
            className={`entry ${index === place ? "found" : ""}`}
            style={{ transform: `translateY(${start}px)` }}
          >
            <LogLine line={lines[index]!} looks={looks} sought={sought} />
          </div>
        ))}
      </div>
    </div>
  );
}

const LogLine = memo(function LogLine({
  line: { kind, time, pod, container, text },
  looks,
  sought,
}: {
  line: Line;
  looks: Looks;
  sought: string;
}) {
  return (
    <>
      {looks.isTimed && time && <time dateTime={time}>{time.slice(11, 23)}</time>}
      {looks.isNamed && pod && (
        <span className={`source source-${colorOf(pod)}`} title={`${pod}/${container}`}>
          <Name>{`${pod}/${container}`}</Name>
        </span>
      )}
      {kind === "LINE" ? (
        <span className="text">
          {piecesOf(text).map((piece, index) => (
            <span key={index} className={piece.classes}>
              {partsOf(piece.text, sought).map((part, at) =>
                at % 2 === 1 ? <mark key={at}>{part}</mark> : part,
              )}
            </span>
          ))}
        </span>
      ) : (
        <span className={`notice ${kind === "DROPPED" || kind === "FAILED" ? "bad" : ""}`} data-kind={kind}>
          {text}
        </span>
      )}
    </>
  );
});

/** One of six colors for each pod, the same each time. */
function colorOf(pod: string): number {
  let sum = 0;
  for (const char of pod) sum = (sum * 31 + char.charCodeAt(0)) % 9973;
  return sum % 6;
}
