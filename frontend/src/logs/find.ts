import { plain } from "./ansi";
import type { Line } from "./buffer";

/** The places of the lines that contain a text, in any case. */
export function placesOf(lines: readonly Line[], text: string): number[] {
  if (!text) return [];
  const sought = text.toLowerCase();
  const places: number[] = [];
  lines.forEach((line, place) => {
    if (line.kind === "LINE" && plain(line.text).toLowerCase().includes(sought)) places.push(place);
  });
  return places;
}

/** A text in parts: each second one is what was sought. */
export function partsOf(text: string, sought: string): string[] {
  if (!sought) return [text];
  const parts: string[] = [];
  const [lower, find] = [text.toLowerCase(), sought.toLowerCase()];
  let at = 0;
  for (let next = lower.indexOf(find); next >= 0; next = lower.indexOf(find, at)) {
    parts.push(text.slice(at, next), text.slice(next, next + find.length));
    at = next + find.length;
  }
  return [...parts, text.slice(at)];
}

/** The lines as a text to keep, each with its time and where it is from. */
export function written(lines: readonly Line[]): string {
  return lines
    .map(({ kind, time, pod, container, text }) =>
      [time, pod && `${pod}/${container}`, kind === "LINE" ? plain(text) : `[${text}]`]
        .filter(Boolean)
        .join(" "),
    )
    .join("\n");
}
