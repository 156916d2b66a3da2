import { expect, test } from "vitest";
import { partsOf } from "./cut";

/** A name as it looks where there is no room: the parts that are cut are one sign. */
const narrow = (name: string, others: string[]) =>
  partsOf(name, others)
    .map((part) => (part.stays ? part.text : "…"))
    .join("");

test("a short name is never cut", () => {
  expect(partsOf("paris", ["berlin"])).toEqual([{ text: "paris", stays: true }]);
});

test("the parts are the whole name", () => {
  const name = "payments-eu-west-1-production";
  const parts = partsOf(name, ["payments-eu-west-2-production", "payments-us-west-1-production"]);
  expect(parts.map((part) => part.text).join("")).toBe(name);
});

test("names that differ in their middle keep the words in which they differ", () => {
  const names = [
    ...["payments-eu-west-1-production", "payments-eu-west-2-production"],
    ...["payments-us-west-1-production", "checkout-eu-west-1-production"],
  ];
  const shown = names.map((name) => narrow(name, names));
  expect(shown).toEqual([
    ...["payments…eu…1…oduction", "payments…eu…2…oduction"],
    ...["payments…us…oduction", "checkout…oduction"],
  ]);
});

test("names that differ in their end alone keep nothing else", () => {
  const names = ["prod-europe-west-1-customer-facing-a", "prod-europe-west-1-customer-facing-b"];
  expect(names.map((name) => narrow(name, names))).toEqual(["…facing-a", "…facing-b"]);
});

test("names that differ in length look different", () => {
  const names = ["shop-production-production", "shop-production-production-production"];
  const [first, second] = names.map((name) => narrow(name, names));
  expect(first).not.toBe(second);
});
