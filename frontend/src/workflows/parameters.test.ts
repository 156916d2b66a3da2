import { expect, test } from "vitest";
import { parse } from "yaml";
import { givenOf, type Parameter, parametersOf, textsOf, valuesOf } from "./parameters";

const DEFINITION = parse(`
parameters:
  required: [image, regions, size]
  properties:
    isReviewed: {type: boolean, default: true}
    image: {type: string, description: Such as shop.}
    regions: {type: array, items: {type: string}}
    size: {enum: [small, large], default: small}
    count: {type: integer}
steps: []
`);

const named = (name: string) => parametersOf(DEFINITION).find((each) => each.name === name) as Parameter;

test("each parameter has a field of its kind, the required ones first", () => {
  expect(
    parametersOf(DEFINITION).map(({ name, kind, isRequired, initial }) => [name, kind, isRequired, initial]),
  ).toEqual([
    ["image", "text", true, ""],
    ["regions", "yaml", true, ""],
    ["isReviewed", "switch", false, "true"],
    ["size", "choice", false, "small"],
    ["count", "number", false, ""],
  ]);
  expect(named("size").choices).toEqual(["small", "large"]);
  expect(named("image").description).toBe("Such as shop.");
});

test("texts become values of the parameter's type, and empty ones are left out", () => {
  expect(givenOf(named("regions"), "[paris, 2]")).toEqual(["paris", 2]);
  expect(givenOf(named("regions"), "[paris")).toBe("[paris");
  expect(givenOf(named("count"), "3")).toBe(3);
  expect(givenOf(named("count"), " ")).toBeUndefined();
  expect(givenOf(named("isReviewed"), "false")).toBe(false);
  expect(givenOf(named("image"), "3")).toBe("3");
  expect(givenOf(named("image"), "")).toBe("");
});

test("the fields of values give the same values back", () => {
  const parameters = parametersOf(DEFINITION);
  const values = { image: "shop", regions: ["paris"], size: "large", isReviewed: false };
  expect(valuesOf(parameters, textsOf(parameters, values))).toEqual(values);
  expect(valuesOf(parameters, textsOf(parameters, { image: "3" }))).toEqual({ image: "3", isReviewed: true });
  expect(valuesOf(parameters, { image: "shop" })).toEqual({ image: "shop", size: "small", isReviewed: true });
});
