import { expect, it } from "vitest";
import { blank, dataOf, kept, problemOf } from "./entries";

it("sends what is new and what is taken away, and leaves out what was not touched", () => {
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

it("says which key is there twice, and that a value needs one", () => {
  expect(problemOf([kept("a"), blank("a")])).toBe("The key a is used twice.");
  expect(problemOf([{ ...blank(), value: "x" }])).toBe("A value needs a key.");
});
