import { expect, it } from "vitest";
import { filterOf } from "./filter";

it("reads a filter from an address that was shared", () => {
  const params = new URLSearchParams("status=STALE,NONSENSE,FAILED&group=web&cloud=&q=shop");
  expect(filterOf(params)).toEqual({ status: ["STALE", "FAILED"], group: "web", search: "shop" });
  expect(filterOf(new URLSearchParams("health=DEGRADED,STALE&drift=DRIFTED"))).toEqual({
    health: ["DEGRADED"],
    drift: ["DRIFTED"],
  });
  expect(filterOf(new URLSearchParams(""))).toEqual({});
});
