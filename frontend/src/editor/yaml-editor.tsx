import { autocompletion, type CompletionContext, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { indentOnInput, indentUnit } from "@codemirror/language";
import { linter, lintGutter } from "@codemirror/lint";
import { EditorState, StateEffect } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
  placeholder,
} from "@codemirror/view";
import { useEffect, useEffectEvent, useRef } from "react";
import { type Client, useClient } from "urql";
import { readYaml } from "../api/reading";
import { check, type Layers } from "./check";
import { COLORS } from "./colors";
import { placeAt } from "./place";
import { keysAt, valuesAt } from "./schema";

const THEME = EditorView.theme({
  "&": { fontSize: "var(--small)", backgroundColor: "var(--surface)", color: "var(--ink)" },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", minHeight: "18rem", maxHeight: "32rem" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--ink-faint)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--none-soft)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--accent-soft) !important",
  },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--ink)", border: "1px solid var(--line)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    backgroundColor: "var(--accent)",
    color: "var(--accent-ink)",
  },
  ".cm-placeholder": { color: "var(--ink-faint)" },
});

/** Values as YAML, with completion and checks from the chart's schema and its defaults. */
export default function YamlEditor({
  label,
  text,
  change,
  layers,
  hint,
}: {
  label: string;
  text: string;
  change: (text: string) => void;
  layers: Layers;
  hint: string;
}) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const changed = useEffectEvent(change);
  const client = useClient();
  const present = useRef(layers);
  const first = useRef({ client, text, hint });

  useEffect(() => {
    const editor = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: first.current.text,
        extensions: [
          lineNumbers(),
          lintGutter(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          indentOnInput(),
          indentUnit.of("  "),
          yaml(),
          COLORS,
          THEME,
          placeholder(first.current.hint),
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
          EditorView.contentAttributes.of({ "aria-label": label }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed(update.state.doc.toString());
          }),
          help(first.current.client, () => present.current),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, [label]);

  useEffect(() => {
    present.current = layers;
    view.current?.dispatch({ effects: CHECK_AGAIN.of(null) });
  }, [layers]);

  return <div className="editor" ref={host} />;
}

/** The values below have changed. The editor is not recreated, because that would lose the user's selection. */
const CHECK_AGAIN = StateEffect.define<null>();

function help(client: Client, layers: () => Layers) {
  return [
    linter(
      async (view) => {
        const text = view.state.doc.toString();
        const found = check(text, await readYaml(client, text), layers());
        return found.map((one) => ({ ...one, severity: "error" as const }));
      },
      {
        delay: 300,
        needsRefresh: (update) =>
          update.transactions.some(({ effects }) => effects.some((one) => one.is(CHECK_AGAIN))),
      },
    ),
    autocompletion({ override: [(context) => offers(context, layers())] }),
  ];
}

function offers(context: CompletionContext, { below, schema }: Layers) {
  const place = placeAt(context.state.sliceDoc(0, context.pos));
  if (!place || (!context.explicit && place.within === "key" && !place.begun)) return null;
  const isKey = place.within === "key";
  const found = isKey ? keysAt(schema, below, place.path) : valuesAt(schema, below, place.path);
  return {
    from: context.pos - place.begun.length,
    options: found.map((offer) => ({
      ...offer,
      type: isKey ? "property" : "value",
      apply: isKey ? `${offer.label}: ` : offer.label,
    })),
  };
}
