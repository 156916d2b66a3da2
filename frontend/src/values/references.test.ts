import { expect, it } from "vitest";
import { HIDDEN, stepsOf, withHidden } from "./references";

it("reads a path as the API writes it", () => {
  expect(stepsOf("password")).toEqual(["password"]);
  expect(stepsOf("database.pass-word")).toEqual(["database", "pass-word"]);
  expect(stepsOf('annotations["a.b/c"].d["\\"]')).toBeNull();
  expect(stepsOf('annotations["a.b/\\"c"].d')).toEqual(["annotations", 'a.b/"c', "d"]);
  expect(stepsOf('["a.b"].c')).toEqual(["a.b", "c"]);
});

it("takes nothing else for a path", () => {
  for (const path of ["", ".", "a.", ".a", "a b", "a..b", "a[0]", 'a["b"', "a.[b]"])
    expect(stepsOf(path)).toBeNull();
});

it("puts what comes from secrets in its places, and leaves all else", () => {
  const values = { database: { host: "db" }, plain: 1 };
  const references = [
    { secret: "s", key: "k", path: "database.password" },
    { secret: "s", key: "k", path: "plain.inner" },
    { secret: "s", key: "k", path: "no path" },
  ];
  expect(withHidden(values, references)).toEqual({
    database: { host: "db", password: HIDDEN },
    plain: { inner: HIDDEN },
  });
  expect(values).toEqual({ database: { host: "db" }, plain: 1 });
});
