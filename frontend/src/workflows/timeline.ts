export type Timed = { path: string; startedAt: string; endedAt: string | null };

/** When a step ran: its milliseconds, and its place on a scale of the whole run, in percent. */
export type Bar = { path: string; milliseconds: number; start: number; width: number };

/** The steps of a run on one scale, from its start until its end, or until now. */
export function barsOf(
  steps: readonly Timed[],
  { createdAt, endedAt }: { createdAt: string; endedAt: string | null },
  now: number,
): Bar[] {
  const begin = Date.parse(createdAt);
  const end = Math.max(begin + 1, endedAt ? Date.parse(endedAt) : now);
  const percent = (milliseconds: number) => (milliseconds / (end - begin)) * 100;
  return steps.map((step) => {
    const from = Math.min(Math.max(Date.parse(step.startedAt), begin), end);
    const until = Math.min(Math.max(step.endedAt ? Date.parse(step.endedAt) : end, from), end);
    return {
      path: step.path,
      milliseconds: until - from,
      start: percent(from - begin),
      width: percent(until - from),
    };
  });
}
