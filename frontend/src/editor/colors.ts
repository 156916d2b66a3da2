import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { type Tag, tagHighlighter, tags } from "@lezer/highlight";

/** The color of each part of YAML, by the name of the part. */
const PARTS: Record<string, { tag: Tag[]; color: string }> = {
  key: { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
  text: { tag: [tags.string, tags.content], color: "var(--ink)" },
  value: { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--busy)" },
  comment: { tag: [tags.comment], color: "var(--ink-faint)" },
  sign: { tag: [tags.punctuation], color: "var(--ink-soft)" },
};

/** For an editor. */
export const COLORS = syntaxHighlighting(HighlightStyle.define(Object.values(PARTS)));

/** For text outside of an editor: gives the name of a part, whose color `colorOf` returns. */
export const NAMES = tagHighlighter(Object.entries(PARTS).map(([name, { tag }]) => ({ tag, class: name })));

export function colorOf(names: string): string | undefined {
  return PARTS[names.split(" ", 1)[0]!]?.color;
}
