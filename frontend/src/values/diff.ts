/** One line of a comparison of two texts. */
type DiffLine = { kind: "same" | "add" | "cut"; text: string };

/** The lines of two texts, those that both have in common first: the longest common subsequence. */
export function diffLines(before: string, after: string): DiffLine[] {
  const old = lines(before);
  const now = lines(after);
  // Most of two generations is alike: what is alike at both ends needs no table.
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail))
    tail++;
  const middle = between(old.slice(head, old.length - tail), now.slice(head, now.length - tail));
  const alike = (text: string): DiffLine => ({ kind: "same", text });
  return [...old.slice(0, head).map(alike), ...middle, ...old.slice(old.length - tail).map(alike)];
}

function between(old: string[], now: string[]): DiffLine[] {
  const common = Array.from({ length: old.length + 1 }, () => new Uint32Array(now.length + 1));
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      common[i]![j] =
        old[i] === now[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
    }
  }
  const found: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      found.push({ kind: "same", text: old[i++]! });
      j++;
    } else if (i < old.length && (j === now.length || common[i + 1]![j]! >= common[i]![j + 1]!)) {
      found.push({ kind: "cut", text: old[i++]! });
    } else {
      found.push({ kind: "add", text: now[j++]! });
    }
  }
  return found;
}

function lines(text: string): string[] {
  const found = text.split("\n");
  if (found.at(-1) === "") found.pop();
  return found;
}

/** A unified diff, as the API gives it, in lines. */
export function unifiedLines(diff: string): { kind: "same" | "add" | "cut" | "place"; text: string }[] {
  return lines(diff).map((text) => {
    if (/^(---|\+\+\+|@@)/.test(text)) return { kind: "place", text };
    if (text.startsWith("+")) return { kind: "add", text };
    if (text.startsWith("-")) return { kind: "cut", text };
    return { kind: "same", text };
  });
}
