import { expect, it } from "vitest";
import { alike } from "./alike";

it("puts items with the same key together, where the first of them is", () => {
  const found = alike(["a1", "b1", "a2", "c", "d", "b2"], (item) => (item.length > 1 ? item[0]! : null));
  expect(found).toEqual([["a1", "a2"], ["b1", "b2"], ["c"], ["d"]]);
});

it("keeps items without a key apart", () => {
  expect(alike([1, 1], () => null)).toEqual([[1], [1]]);
});
