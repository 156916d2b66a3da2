import { type KeyboardEvent, useMemo, useState } from "react";
import type { LogFilter } from "../graphql";
import { save } from "../parts/file";
import { Search } from "../parts/search";
import { EmptyState, Loading, QueryError } from "../parts/states";
import type { Kept } from "./buffer";
import { placesOf, written } from "./find";
import { useLogs } from "./follow";
import { Lines, type Looks } from "./lines";

const STATES = { loading: "Loading", following: "Following", ended: "The log has ended", failed: "Stopped" };

/**
 * A log that is followed live and can be searched and downloaded. Scrolling up pauses it; lines that arrive are shown when
 * it resumes.
 */
export function LogViewer({
  target,
  filter,
  name,
  isNamed,
}: {
  target: string;
  filter: LogFilter;
  /** The name of the file to save. */
  name: string;
  /** Whether each line has the name of its container. */
  isNamed: boolean;
}) {
  const [attempt, setAttempt] = useState(0);
  const [paused, setPaused] = useState<Kept | null>(null);
  const [looks, setLooks] = useState({ isTimed: false, isWrapped: true });
  const [sought, seek] = useState("");
  const [onlyFound, setOnlyFound] = useState(false);
  const [chosen, choose] = useState<number | null>(null);
  const asked = onlyFound && sought ? { ...filter, search: sought } : filter;
  const { kept, state, error } = useLogs(target, asked, attempt);
  const shown = paused ?? kept;
  const places = useMemo(() => placesOf(shown.lines, sought), [shown, sought]);
  const all: Looks = useMemo(() => ({ ...looks, isNamed }), [looks, isNamed]);
  const waiting = paused ? kept.letGo + kept.lines.length - paused.letGo - paused.lines.length : 0;
  const at = chosen === null ? -1 : places.findIndex((place) => shown.lines[place]!.number === chosen);

  function go(step: number): void {
    if (places.length === 0) return;
    const next = at < 0 ? (step > 0 ? 0 : places.length - 1) : (at + step + places.length) % places.length;
    setPaused(paused ?? kept);
    choose(shown.lines[places[next]!]!.number);
  }

  function press(event: KeyboardEvent): void {
    if (event.key !== "Enter") return;
    event.preventDefault();
    go(event.shiftKey ? -1 : 1);
  }

  return (
    <section className="card logs" aria-label="Logs">
      <header>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the Enter key in the field selects the next match */}
        <div className="row" onKeyDown={press}>
          <Search label="Search the log" value={sought} change={seek} />
          {sought && (
            <>
              <span className="small soft" role="status">
                {places.length === 0
                  ? "No lines"
                  : `${at < 0 ? "" : `${at + 1} of `}${places.length.toLocaleString()} lines`}
              </span>
              <button
                type="button"
                className="button slim"
                disabled={places.length === 0}
                onClick={() => go(-1)}
              >
                Previous
              </button>
              <button
                type="button"
                className="button slim"
                disabled={places.length === 0}
                onClick={() => go(1)}
              >
                Next
              </button>
            </>
          )}
          <Check label="Only matching lines" checked={onlyFound} change={setOnlyFound} />
        </div>
        <div className="row">
          <Check
            label="Timestamps"
            checked={looks.isTimed}
            change={(isTimed) => setLooks({ ...looks, isTimed })}
          />
          <Check
            label="Wrap lines"
            checked={looks.isWrapped}
            change={(isWrapped) => setLooks({ ...looks, isWrapped })}
          />
          <button
            type="button"
            className="button slim"
            disabled={shown.lines.length === 0}
            onClick={() => save(`${name}.log`, written(kept.lines), "\n")}
          >
            Download
          </button>
          {state === "following" && !paused && (
            <button type="button" className="button slim" onClick={() => setPaused(kept)}>
              Pause
            </button>
          )}
          {paused && (
            <button
              type="button"
              className="button slim first"
              onClick={() => {
                choose(null);
                setPaused(null);
              }}
            >
              {waiting > 0 ? `Resume: ${waiting.toLocaleString()} new lines` : "Resume"}
            </button>
          )}
          <span className="small soft" role="status">
            {paused ? "Paused" : STATES[state]}
          </span>
        </div>
      </header>
      {error && <QueryError error={error} retry={() => setAttempt(attempt + 1)} />}
      {shown.lines.length > 0 ? (
        <Lines
          kept={shown}
          looks={all}
          sought={sought}
          place={at < 0 ? null : places[at]!}
          isFollowing={paused === null}
          follow={(isFollowing) => {
            if (isFollowing) choose(null);
            setPaused(isFollowing ? null : kept);
          }}
        />
      ) : state === "loading" ? (
        <Loading />
      ) : (
        !error && <EmptyState title={sought && onlyFound ? "No lines match" : "No lines yet"} />
      )}
    </section>
  );
}

function Check({
  label,
  checked,
  change,
}: {
  label: string;
  checked: boolean;
  change: (checked: boolean) => void;
}) {
  return (
    <label className="check small">
      <input type="checkbox" checked={checked} onChange={(event) => change(event.target.checked)} />
      {label}
    </label>
  );
}
