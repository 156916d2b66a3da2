import { yamlLanguage } from "@codemirror/lang-yaml";
import { highlightCode } from "@lezer/highlight";
import { type ReactNode, type Ref, useMemo } from "react";
import { colorOf, NAMES } from "./colors";

/** A longer text has no colors. */
const LONGEST = 500_000;

/** YAML with colors, as plain text in the page: it can be selected and searched like the rest of it. */
export default function YamlText({ text, ref }: { text: string; ref?: Ref<HTMLElement> }) {
  const parts = useMemo(() => partsOf(text), [text]);
  return (
    <section className="code yaml" aria-label="YAML" tabIndex={0} ref={ref}>
      {parts}
    </section>
  );
}

function partsOf(text: string): ReactNode[] {
  if (text.length > LONGEST) return [text];
  const parts: ReactNode[] = [];
  const put = (part: string, names: string) => {
    const color = colorOf(names);
    parts.push(
      color ? (
        <span key={parts.length} style={{ color }}>
          {part}
        </span>
      ) : (
        part
      ),
    );
  };
  highlightCode(text, yamlLanguage.parser.parse(text), NAMES, put, () => parts.push("\n"));
  return parts;
}
