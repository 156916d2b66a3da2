import { expect, test } from "vitest";
import { changesAfter, dayOf, monthOf, type Opening, piecesOn, textOf, weekOf } from "./days";

const local = (day: number, hour = 0) => new Date(2026, 11, day, hour);
const opening = (name: string, ...spans: [Date, Date][]): Opening => ({
  name,
  kind: "ALLOW",
  occurrences: spans.map(([start, end]) => ({ start: start.toISOString(), end: end.toISOString() })),
});

test("a week begins on Monday", () => {
  expect(weekOf(local(2)).map(textOf)).toEqual([
    "2026-11-30",
    ...["01", "02", "03", "04", "05", "06"].map((day) => `2026-12-${day}`),
  ]);
  expect(textOf(weekOf(local(6))[0]!)).toBe("2026-11-30");
});

test("a month has the weeks that cover it", () => {
  const weeks = monthOf(local(15));
  expect(weeks).toHaveLength(5);
  expect([weeks[0]![0]!, weeks.at(-1)!.at(-1)!].map(textOf)).toEqual(["2026-11-30", "2027-01-03"]);
  expect(monthOf(new Date(2027, 1, 1)).map((week) => textOf(week[0]!))).toEqual([
    "2027-02-01",
    "2027-02-08",
    "2027-02-15",
    "2027-02-22",
  ]);
});

test("a window over midnight is on both days, with the time at which it opens and closes", () => {
  const night = opening("night", [local(1, 22), local(2, 4)]);
  const office = opening("office", [local(2, 9), local(2, 17)]);
  expect(piecesOn(local(1), [night, office])).toEqual([
    { name: "night", kind: "ALLOW", start: local(1, 22), from: local(1, 22), until: null },
  ]);
  expect(piecesOn(local(2), [office, night]).map(({ name, from, until }) => [name, from, until])).toEqual([
    ["night", null, local(2, 4)],
    ["office", local(2, 9), local(2, 17)],
  ]);
  expect(piecesOn(local(3), [night, office])).toEqual([]);
});

test("openings and closings come in their order", () => {
  const found = changesAfter(local(1, 23), [
    opening("night", [local(1, 22), local(2, 4)]),
    opening("day", [local(2, 3), local(2, 5)]),
  ]);
  expect(found.map(({ name, opens, at }) => [name, opens, at.getHours()])).toEqual([
    ["day", true, 3],
    ["night", false, 4],
    ["day", false, 5],
  ]);
});

test("an address without a valid day means today", () => {
  expect(textOf(dayOf("2026-12-24", local(1)))).toBe("2026-12-24");
  for (const text of [null, "", "soon", "2026"]) expect(textOf(dayOf(text, local(1, 5)))).toBe("2026-12-01");
});
