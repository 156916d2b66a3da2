import { expect, it } from "vitest";
import type { LogLineFragment } from "../graphql";
import { Buffer } from "./buffer";

function line(text: string, time: string | null = null, pod = "shop-1"): LogLineFragment {
  return { kind: "LINE", time, pod, container: "web", text };
}

function texts(buffer: Buffer): string[] {
  return buffer.kept().lines.map(({ text }) => text);
}

it("keeps the newest lines and counts those that it let go", () => {
  const buffer = new Buffer(10);
  for (let number = 0; number < 11; number++) buffer.add([line(String(number))]);
  expect(texts(buffer)).toEqual(["2", "3", "4", "5", "6", "7", "8", "9", "10"]);
  expect(buffer.kept().letGo).toBe(2);
  expect(buffer.kept().lines[0]!.number).toBe(2);
});

it("is bounded in characters, too", () => {
  const buffer = new Buffer(100, 100);
  buffer.add([line("a".repeat(60)), line("b".repeat(60))]);
  expect(texts(buffer)).toEqual(["b".repeat(60)]);
});

it("passes over lines that come again after a lost connection", () => {
  const buffer = new Buffer();
  const [first, second] = ["2026-11-30T12:00:00+00:00", "2026-11-30T12:00:00.000001+00:00"];
  buffer.add([line("a", first), line("b", second), line("other", second, "shop-2")]);
  buffer.resume();
  buffer.add([
    line("a", first),
    line("b", second),
    line("c", second),
    line("older", first, "shop-2"),
    line("new", first, "shop-3"),
  ]);
  expect(texts(buffer)).toEqual(["a", "b", "other", "c", "new"]);
});

it("gives lines that do not change when others are added", () => {
  const buffer = new Buffer();
  buffer.add([line("a")]);
  const before = buffer.kept();
  buffer.add([line("b")]);
  expect(before.lines).toHaveLength(1);
});
