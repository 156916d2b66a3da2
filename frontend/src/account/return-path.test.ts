import { expect, test } from "vitest";
import { problemIn, returnPathOf } from "./return-path";

test("a code in the address has a message, an unknown one too", () => {
  expect(problemIn("")).toBeNull();
  expect(problemIn("?problem=oidc_refused&to=%2F")).toBe("The identity provider refused the sign-in.");
  expect(problemIn("?problem=constructor")).toBe("Sign-in failed.");
});

test("the return path is the present page, or the one that was requested before the sign-in", () => {
  expect(returnPathOf("/clusters", "?search=x")).toBe("/clusters?search=x");
  expect(returnPathOf("/", "?problem=oidc_refused&to=%2Fclusters%3Fsearch%3Dx")).toBe("/clusters?search=x");
  for (const to of ["https://evil.example.com", "//evil.example.com", "/\\evil.example.com", ""])
    expect(returnPathOf("/", `?problem=x&to=${encodeURIComponent(to)}`)).toBe("/");
});
