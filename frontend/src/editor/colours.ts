import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { type Tag, tagHighlighter, tags } from "@lezer/highlight";

/** The colour of each part of YAML, by the name of the part. */
const PARTS: Record<string, { tag: Tag[]; color: string }> = {
  key: { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
  text: { tag: [tags.string, tags.content], color: "var(--ink)" },
  value: { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--busy)" },
  comment: { tag: [tags.comment], color: "var(--ink-faint)" },
  sign: { tag: [tags.punctuation], color: "var(--ink-soft)" },
};

/** For an editor. */
export const COLOURS = syntaxHighlighting(HighlightStyle.define(Object.values(PARTS)));

/** For text that is no editor: it gives the name of a part, whose colour is `colourOf`. */
export const NAMES = tagHighlighter(Object.entries(PARTS).map(([name, { tag }]) => ({ tag, class: name })));

export function colourOf(names: string): string | undefined {
  return PARTS[names.split(" ", 1)[0]!]?.color;
}
