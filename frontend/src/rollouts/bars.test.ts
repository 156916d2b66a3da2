import { expect, test } from "vitest";
import { type Bar, rowsOf } from "./bars";

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString();
const short = (bar: Bar | null) => bar && [bar.milliseconds / 60_000, bar.start, bar.width];

test("all waves are on one scale: how long each moved its targets, and how long it waited afterwards", () => {
  const waves = [
    { index: 0, name: "canary", startedAt: at(0), settledAt: at(10), passedAt: at(15) },
    { index: 1, name: "rest", startedAt: at(15), settledAt: null, passedAt: null },
    { index: 2, name: "late", startedAt: null, settledAt: null, passedAt: null },
  ];
  const rows = rowsOf({ createdAt: at(0), endedAt: null, waves }, Date.parse(at(20)));
  expect(rows.map(({ moving, waiting }) => [short(moving), short(waiting)])).toEqual([
    [
      [10, 0, 50],
      [5, 50, 25],
    ],
    [[5, 75, 25], null],
    [null, null],
  ]);
});

test("after the end of a rollout nothing grows, and no bar goes beyond it", () => {
  const waves = [{ index: 0, name: "all", startedAt: at(0), settledAt: at(5), passedAt: null }];
  const ended = { createdAt: at(0), endedAt: at(10), waves };
  const [row] = rowsOf(ended, Date.parse(at(50)));
  expect([short(row!.moving), short(row!.waiting)]).toEqual([
    [5, 0, 50],
    [5, 50, 50],
  ]);
});

test("on a clock that is behind, a rollout that has just begun has no negative times", () => {
  const waves = [{ index: 0, name: "all", startedAt: at(1), settledAt: null, passedAt: null }];
  const [row] = rowsOf({ createdAt: at(1), endedAt: null, waves }, Date.parse(at(0)));
  expect(row!.moving).toEqual({ milliseconds: 1, start: 0, width: 100 });
});
