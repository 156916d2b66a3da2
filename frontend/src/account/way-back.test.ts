import { expect, test } from "vitest";
import { problemIn, wayBackOf } from "./way-back";

test("a code in the address is told in words, an unknown one too", () => {
  expect(problemIn("")).toBeNull();
  expect(problemIn("?problem=oidc_refused&to=%2F")).toBe("The identity provider refused the sign-in.");
  expect(problemIn("?problem=constructor")).toBe("Sign-in failed.");
});

test("the way back is where one was, or where one was on the way to", () => {
  expect(wayBackOf("/clusters", "?search=x")).toBe("/clusters?search=x");
  expect(wayBackOf("/", "?problem=oidc_refused&to=%2Fclusters%3Fsearch%3Dx")).toBe("/clusters?search=x");
  for (const to of ["https://evil.example.com", "//evil.example.com", "/\\evil.example.com", ""])
    expect(wayBackOf("/", `?problem=x&to=${encodeURIComponent(to)}`)).toBe("/");
});
