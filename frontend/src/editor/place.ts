import type { Path } from "./schema";

/** Where one is in a YAML text while writing it: which key is being begun, or the value of which key. */
export type Place = { path: Path; within: "key" | "value"; begun: string };

const ENTRY = /^(\s*)((?:- +)*)(?:("[^"]*"|'[^']*'|[^\s#:'"[{][^:#]*?)\s*:(?:\s+(.*))?)?$/;

/**
 * The place at the end of `text`, by its indentation. What is half written is seldom valid, so no parser is asked; what
 * is written in braces is not looked into.
 */
export function placeAt(text: string): Place | null {
  const lines = text.split("\n");
  const line = lines.pop()!;
  const begun = /^(\s*(?:- +)*)([\w.$/-]*)$/.exec(line);
  if (begun) {
    const depth = begun[1]!.length;
    return { path: above(lines, depth, begun[1]!), within: "key", begun: begun[2]! };
  }
  const value = /^(\s*(?:- +)*)("[^"]*"|'[^']*'|[\w.$/-]+)\s*: +(\S*)$/.exec(line);
  if (!value) return null;
  const path = above(lines, value[1]!.length, value[1]!);
  return { path: [...path, unquoted(value[2]!)], within: "value", begun: value[3]! };
}

/** The keys that lead to a line of this depth; the dashes of its own line count as items. */
function above(lines: string[], depth: number, own: string): Path {
  const path: Path = [];
  let present = depth;
  for (const dash of own.matchAll(/-/g)) {
    path.unshift("*");
    present = Math.min(present, dash.index);
  }
  for (let index = lines.length - 1; index >= 0; index--) {
    const entry = ENTRY.exec(lines[index]!);
    if (!entry || !lines[index]!.trim()) continue;
    const [, spaces = "", dashes = "", key, value] = entry;
    const inner = spaces.length + dashes.length;
    if (key !== undefined && !value && (inner < present || (inner === present && path[0] === "*"))) {
      path.unshift(unquoted(key));
      present = inner;
    }
    // Beside its siblings, the first key of an item stands behind the dash.
    if (dashes && spaces.length < present && inner <= present) {
      path.unshift("*");
      present = spaces.length;
    }
  }
  return path;
}

function unquoted(key: string): string {
  return key.replace(/^(["'])(.*)\1$/, "$2");
}
