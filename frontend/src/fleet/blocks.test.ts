import { expect, it } from "vitest";
import { blocksOf } from "./blocks";

const some = (count: number, name: string) =>
  Array.from({ length: count }, (_, index) => ({ id: name + index }));
const shape = (blocks: ReturnType<typeof blocksOf>) =>
  blocks.map(({ clusters, deployments }) => [
    clusters[0],
    clusters.length,
    deployments[0],
    deployments.length,
  ]);

it("asks for what is seen, above and below it, and for no column that is out of sight", () => {
  const blocks = blocksOf(some(110, "r"), some(130, "c"), { first: 51, last: 60 }, { first: 48, last: 51 });
  expect(shape(blocks)).toEqual([
    ["r25", 25, "c0", 50],
    ["r25", 25, "c50", 50],
    ["r50", 25, "c0", 50],
    ["r50", 25, "c50", 50],
    ["r75", 25, "c0", 50],
    ["r75", 25, "c50", 50],
  ]);
});

it("ends where the fleet does", () => {
  expect(
    shape(blocksOf(some(30, "r"), some(3, "c"), { first: 20, last: 29 }, { first: 0, last: 2 })),
  ).toEqual([
    ["r0", 25, "c0", 3],
    ["r25", 5, "c0", 3],
  ]);
  expect(blocksOf([], some(3, "c"), { first: 0, last: 0 }, { first: 0, last: 2 })).toEqual([]);
  expect(blocksOf(some(3, "r"), [], { first: 0, last: 2 }, { first: 0, last: 0 })).toEqual([]);
});
