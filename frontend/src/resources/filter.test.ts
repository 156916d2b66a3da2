import { expect, it } from "vitest";
import { filterOf, toggled } from "./filter";

it("is what the address says", () => {
  const params = new URLSearchParams(
    "kind=Pod&image=*:1.2.3&host=shop&name= &health=DEGRADED,NO&drift=DRIFTED",
  );
  expect(filterOf(params)).toEqual({
    kind: "Pod",
    image: "*:1.2.3",
    host: "*shop*",
    health: ["DEGRADED"],
    drift: ["DRIFTED"],
  });
  expect(filterOf(new URLSearchParams())).toEqual({});
});

it("adds a state to the address, and removes it", () => {
  expect(toggled(new URLSearchParams(), "health", "DEGRADED")).toBe("DEGRADED");
  expect(toggled(new URLSearchParams("health=DEGRADED,MISSING"), "health", "DEGRADED")).toBe("MISSING");
  expect(toggled(new URLSearchParams("health=MISSING"), "health", "MISSING")).toBeNull();
});
