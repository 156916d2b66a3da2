import { expect, test } from "vitest";
import { draftOf, ruleOf } from "./rule";

test("a rule is the same after it was read into the form", () => {
  for (const rule of [
    "FREQ=DAILY",
    "FREQ=WEEKLY;BYDAY=MO,SU",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=WEEKLY;BYDAY=2MO",
  ])
    expect(ruleOf(draftOf(rule))).toBe(rule);
});

test("a new window opens on working days", () => {
  expect(ruleOf(draftOf(undefined))).toBe("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR");
});

test("days are written in the order of the week", () => {
  expect(ruleOf({ repeat: "weekly", days: ["FR", "MO"], rule: "" })).toBe("FREQ=WEEKLY;BYDAY=MO,FR");
});
