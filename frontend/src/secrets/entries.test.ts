import { expect, it } from "vitest";
import { blank, dataOf, kept, problemOf } from "./entries";

it("sends new and removed values, and omits unchanged ones", () => {
  const entries = [
    { ...kept("password"), value: "new" },
    kept("user"),
    { ...kept("old"), isTakenAway: true },
    { ...blank("host"), value: "db" },
    blank("empty"),
    blank(),
  ];
  expect(dataOf(entries)).toEqual({ password: "new", old: null, host: "db", empty: "" });
  expect(problemOf(entries)).toBeNull();
});

it("names a key that is used twice, and requires one for each value", () => {
  expect(problemOf([kept("a"), blank("a")])).toBe("The key a is used twice.");
  expect(problemOf([{ ...blank(), value: "x" }])).toBe("A value needs a key.");
});
