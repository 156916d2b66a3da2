import { expect, it } from "vitest";
import { next } from "./grid-keys";

const SIZE = { rows: 30, columns: 5 };

it.each([
  ["ArrowDown", { row: 3, column: 2 }, { row: 4, column: 2 }],
  ["ArrowUp", { row: 3, column: 2 }, { row: 2, column: 2 }],
  ["ArrowRight", { row: 3, column: 4 }, { row: 3, column: 4 }],
  ["ArrowLeft", { row: 3, column: 0 }, { row: 3, column: -1 }],
  ["ArrowRight", { row: 3, column: -1 }, { row: 3, column: 0 }],
  ["ArrowUp", { row: 0, column: 2 }, { row: -1, column: 2 }],
  ["ArrowLeft", { row: -1, column: 0 }, { row: -1, column: 0 }],
  ["ArrowUp", { row: 0, column: -1 }, { row: 0, column: -1 }],
  ["PageDown", { row: 25, column: 2 }, { row: 29, column: 2 }],
  ["PageUp", { row: 5, column: 2 }, { row: 0, column: 2 }],
  ["Home", { row: 3, column: 2 }, { row: 3, column: -1 }],
  ["End", { row: 3, column: 2 }, { row: 3, column: 4 }],
])("goes by %s from %o to %o", (key, from, to) => {
  expect(next(from, key, false, SIZE)).toEqual(to);
});

it("goes by Home and End with Control to the first name and the last cell", () => {
  expect(next({ row: 3, column: 2 }, "Home", true, SIZE)).toEqual({ row: 0, column: -1 });
  expect(next({ row: 3, column: 2 }, "End", true, SIZE)).toEqual({ row: 29, column: 4 });
});

it("goes nowhere by another key", () => {
  expect(next({ row: 3, column: 2 }, "a", false, SIZE)).toBeUndefined();
});
