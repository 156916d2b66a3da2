import { expect, test } from "vitest";
import { by, inOrder, nextOrder } from "./order";

type Row = { name: string; revision: number | null };

const columns = [
  { title: "Name", compare: by((row: Row) => row.name) },
  { title: "Revision", compare: by((row: Row) => row.revision) },
  { title: "Where" },
];
const rows: Row[] = [
  { name: "web-10", revision: 3 },
  { name: "web-9", revision: null },
  { name: "api", revision: 12 },
];
const names = (found: readonly Row[]) => found.map((row) => row.name);

test("clicks on the head of a column sort ascending, descending and not at all", () => {
  const first = nextOrder(null, "Name");
  const second = nextOrder(first, "Name");
  expect([first, second, nextOrder(second, "Name")]).toEqual([
    { title: "Name", isDescending: false },
    { title: "Name", isDescending: true },
    null,
  ]);
  expect(nextOrder(second, "Revision")).toEqual({ title: "Revision", isDescending: false });
});

test("texts are sorted with their numbers as numbers", () => {
  expect(names(inOrder(rows, columns, { title: "Name", isDescending: false }))).toEqual([
    "api",
    "web-9",
    "web-10",
  ]);
});

test("numbers are sorted as numbers, and rows without one are last", () => {
  expect(names(inOrder(rows, columns, { title: "Revision", isDescending: false }))).toEqual([
    "web-10",
    "api",
    "web-9",
  ]);
});

test("without an order, and by a column that cannot be sorted, rows keep their order", () => {
  expect(inOrder(rows, columns, null)).toBe(rows);
  expect(inOrder(rows, columns, { title: "Where", isDescending: false })).toBe(rows);
});
