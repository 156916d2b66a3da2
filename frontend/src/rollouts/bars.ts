type Wave = {
  index: number;
  name: string;
  startedAt: string | null;
  settledAt: string | null;
  passedAt: string | null;
};
type Timed = { createdAt: string; endedAt: string | null; waves: readonly Wave[] };

/** A part of the time of a rollout: its milliseconds, and its place on a scale of the whole time, in percent. */
export type Bar = { milliseconds: number; start: number; width: number };

export type Row = {
  index: number;
  name: string;
  startedAt: string | null;
  /** Until all targets of the wave had a result; null before the wave starts. */
  moving: Bar | null;
  /** After that, until the wave passed; null before that. */
  waiting: Bar | null;
};

/** When each wave moved its targets and when it waited afterwards, all on one scale. */
export function rowsOf({ createdAt, endedAt, waves }: Timed, now: number): Row[] {
  const begin = Date.parse(createdAt);
  const end = Math.max(begin + 1, endedAt ? Date.parse(endedAt) : now);
  const until = (moment: string | null) => (moment ? Math.min(Date.parse(moment), end) : end);
  const percent = (milliseconds: number) => (milliseconds / (end - begin)) * 100;
  function bar(from: number, to: number): Bar {
    const milliseconds = Math.max(to - from, 0);
    return { milliseconds, start: percent(from - begin), width: percent(milliseconds) };
  }
  return waves.map(({ index, name, startedAt, settledAt, passedAt }) => {
    if (!startedAt) return { index, name, startedAt, moving: null, waiting: null };
    const passed = until(passedAt);
    const settled = Math.min(until(settledAt), passed);
    return {
      index,
      name,
      startedAt,
      moving: bar(until(startedAt), settled),
      waiting: settledAt ? bar(settled, passed) : null,
    };
  });
}
