/** Days of the calendar in the browser's time zone, and when windows are open on them. */

export type View = "month" | "week" | "list";
type Occurrence = { start: string; end: string };
export type Opening = { name: string; kind: string; occurrences: Occurrence[] };
/** A window on one day: from and until when it is open; null where that is on another day. */
export type Piece = { name: string; kind: string; start: Date; from: Date | null; until: Date | null };
export type Change = { at: Date; name: string; kind: string; opens: boolean };

const DAYS_OF_WEEK = 7;
const WEEKS_OF_MONTH = 6;

export const startOfDay = (day: Date): Date => new Date(day.getFullYear(), day.getMonth(), day.getDate());

export const addDays = (day: Date, count: number): Date =>
  new Date(day.getFullYear(), day.getMonth(), day.getDate() + count);

export const addMonths = (day: Date, count: number): Date =>
  new Date(day.getFullYear(), day.getMonth() + count, 1);

/** The week that a day is in, from Monday on. */
export function weekOf(day: Date): Date[] {
  const monday = addDays(day, -((day.getDay() + 6) % DAYS_OF_WEEK));
  return Array.from({ length: DAYS_OF_WEEK }, (_, index) => addDays(monday, index));
}

/** The weeks that cover the month that a day is in. */
export function monthOf(day: Date): Date[][] {
  const [monday] = weekOf(new Date(day.getFullYear(), day.getMonth(), 1));
  const weeks = Array.from({ length: WEEKS_OF_MONTH }, (_, week) =>
    weekOf(addDays(monday!, week * DAYS_OF_WEEK)),
  );
  return weeks.filter((week) => week.some((one) => one.getMonth() === day.getMonth()));
}

/** The windows that are open on a day, in the order in which they open. */
export function piecesOn(day: Date, windows: readonly Opening[]): Piece[] {
  const [begin, end] = [startOfDay(day), addDays(day, 1)];
  const found = windows.flatMap(({ name, kind, occurrences }) =>
    occurrences
      .map((one) => ({ start: new Date(one.start), end: new Date(one.end) }))
      .filter((one) => one.start < end && one.end > begin)
      .map((one) => ({
        name,
        kind,
        start: one.start,
        from: one.start >= begin ? one.start : null,
        until: one.end < end ? one.end : null,
      })),
  );
  return found.sort((a, b) => a.start.getTime() - b.start.getTime() || a.name.localeCompare(b.name));
}

/** Openings and closings of windows after a moment, in their order. */
export function changesAfter(moment: Date, windows: readonly Opening[]): Change[] {
  return windows
    .flatMap(({ name, kind, occurrences }) =>
      occurrences.flatMap((one) => [
        { at: new Date(one.start), name, kind, opens: true },
        { at: new Date(one.end), name, kind, opens: false },
      ]),
    )
    .filter((change) => change.at > moment)
    .sort((a, b) => a.at.getTime() - b.at.getTime() || a.name.localeCompare(b.name));
}

/** A day as it is in an address. */
export const textOf = (day: Date): string =>
  [day.getFullYear(), day.getMonth() + 1, day.getDate()]
    .map((part) => String(part).padStart(2, "0"))
    .join("-");

/** The day of an address; `today` if there is none. */
export function dayOf(text: string | null, today: Date): Date {
  const [year, month, day] = (text ?? "").split("-").map(Number);
  const found = new Date(year ?? Number.NaN, (month ?? 0) - 1, day ?? Number.NaN);
  return Number.isNaN(found.getTime()) ? startOfDay(today) : found;
}
