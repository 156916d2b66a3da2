import { expect, it } from "vitest";
import { piecesOf, plain } from "./ansi";

const ESC = "\u001b";

it("leaves a line without colors as it is", () => {
  expect(piecesOf("GET / 200")).toEqual([{ text: "GET / 200", classes: "" }]);
});

it("shows colors and styles until they are reset", () => {
  expect(piecesOf(`${ESC}[1;31mERROR${ESC}[0m no ${ESC}[93mdisk${ESC}[39m left`)).toEqual([
    { text: "ERROR", classes: "ansi-bold ansi-red" },
    { text: " no ", classes: "" },
    { text: "disk", classes: "ansi-yellow" },
    { text: " left", classes: "" },
  ]);
});

it("shows 256 and true colors as the nearest of eight", () => {
  expect(piecesOf(`${ESC}[38;5;196mred${ESC}[38;2;10;200;30mgreen${ESC}[48;5;21mblue`)).toEqual([
    { text: "red", classes: "ansi-red" },
    { text: "green", classes: "ansi-green" },
    { text: "blue", classes: "ansi-on-blue" },
  ]);
});

it("leaves out cursor movements, window titles and control characters", () => {
  const line = `${ESC}]0;title\u0007${ESC}[2J${ESC}[Ha\u0007b${ESC}]8;;https://x.test${ESC}\\c\td`;
  expect(piecesOf(line).map(({ text }) => text)).toEqual(["ab", "c\td"]);
  expect(plain(line)).toBe("abc\td");
});

it("shows a sequence that never ends as text", () => {
  expect(plain(`${ESC}[31`)).toBe("[31");
});
