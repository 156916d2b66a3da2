import { expect, test } from "vitest";
import { barsOf } from "./timeline";

const at = (seconds: number) => new Date(seconds * 1000).toISOString();

test("steps are on the scale of the run, and those that run last until now", () => {
  const steps = [
    { path: "a", startedAt: at(0), endedAt: at(25) },
    { path: "b", startedAt: at(50), endedAt: null },
  ];
  expect(barsOf(steps, { createdAt: at(0), endedAt: null }, 100_000)).toEqual([
    { path: "a", milliseconds: 25_000, start: 0, width: 25 },
    { path: "b", milliseconds: 50_000, start: 50, width: 50 },
  ]);
});

test("a clock that is behind makes no negative width", () => {
  const steps = [{ path: "a", startedAt: at(5), endedAt: null }];
  expect(barsOf(steps, { createdAt: at(4), endedAt: null }, 1_000)).toEqual([
    { path: "a", milliseconds: 0, start: 100, width: 0 },
  ]);
});
