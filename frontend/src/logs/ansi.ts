/** A piece of a line with one look. `classes` are names of the style sheet. */
export type Piece = { text: string; classes: string };

const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const ESCAPE = "\u001b";
// Sequences of a terminal: colors and the like (CSI), titles and links (OSC), and short ones.
const SEQUENCE = new RegExp(
  `${ESCAPE}(?:\\[([0-9;:]*)[ -/]*([@-~])|\\][^\\u0007${ESCAPE}]*(?:\\u0007|${ESCAPE}\\\\)|[@-Z\\\\^_])`,
  "g",
);
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

type Look = { color: string | null; ground: string | null; styles: Set<string> };

/** A line of a log with the colors of a terminal: what moves the cursor or names the window is left out. */
export function piecesOf(line: string): Piece[] {
  if (!line.includes(ESCAPE)) return [{ text: clean(line), classes: "" }];
  const look: Look = { color: null, ground: null, styles: new Set() };
  const pieces: Piece[] = [];
  let at = 0;
  function add(to: number): void {
    const text = clean(line.slice(at, to));
    if (text) pieces.push({ text, classes: classesOf(look) });
  }
  for (const found of line.matchAll(SEQUENCE)) {
    add(found.index);
    at = found.index + found[0].length;
    if (found[2] === "m") apply(look, (found[1] || "0").split(/[;:]/).map(Number));
  }
  add(line.length);
  return pieces;
}

/** A line without any sequences of a terminal. */
export function plain(line: string): string {
  return clean(line.replace(SEQUENCE, ""));
}

function clean(text: string): string {
  return text.replace(CONTROLS, "");
}

const STYLES: Record<number, string> = { 1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse" };

function apply(look: Look, codes: number[]): void {
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]!;
    const style = STYLES[code];
    if (code === 0) {
      look.color = look.ground = null;
      look.styles.clear();
    } else if (style) look.styles.add(style);
    else if (code === 22) for (const each of ["bold", "dim"]) look.styles.delete(each);
    else if (code > 22 && code < 28) look.styles.delete(STYLES[code - 20] ?? "");
    else if (code === 39) look.color = null;
    else if (code === 49) look.ground = null;
    else if (code === 38 || code === 48) {
      const isIndexed = codes[at + 1] === 5;
      const color = isIndexed ? indexed(codes[at + 2] ?? 0) : nearest(codes.slice(at + 2, at + 5));
      if (code === 38) look.color = color;
      else look.ground = color;
      at += isIndexed ? 2 : 4;
    } else {
      const [base, index] = [Math.floor(code / 10), code % 10];
      if (index > 7) continue;
      if (base === 3 || base === 9) look.color = COLOURS[index]!;
      if (base === 4 || base === 10) look.ground = COLOURS[index]!;
    }
  }
}

/** One of the 256 colors as one of the eight that both themes can show legibly. */
function indexed(index: number): string {
  if (index < 16) return COLOURS[index % 8]!;
  if (index > 231) return index < 244 ? "black" : "white";
  const cube = index - 16;
  return nearest([Math.floor(cube / 36) * 51, (Math.floor(cube / 6) % 6) * 51, (cube % 6) * 51]);
}

function nearest([red = 0, green = 0, blue = 0]: number[]): string {
  const half = Math.max(red, green, blue) / 2;
  const bits = [red, green, blue].map((part) => (part > half ? 1 : 0));
  return COLOURS[bits[0]! + 2 * bits[1]! + 4 * bits[2]!]!;
}

function classesOf({ color, ground, styles }: Look): string {
  const found = [...styles].map((style) => `ansi-${style}`);
  // On a colored ground, the text keeps the page's color, so that it stays legible.
  if (ground) found.push(`ansi-on-${ground}`);
  else if (color) found.push(`ansi-${color}`);
  return found.join(" ");
}
