import MarkdownIt from "markdown-it";
import { useMemo } from "react";

const markdown = new MarkdownIt({ html: false, linkify: true });
const link =
  markdown.renderer.rules.link_open ??
  ((tokens, index, options, _, self) => self.renderToken(tokens, index, options));
markdown.renderer.rules.link_open = (tokens, index, options, environment, self) => {
  tokens[index]!.attrSet("target", "_blank");
  tokens[index]!.attrSet("rel", "noopener noreferrer");
  return link(tokens, index, options, environment, self);
};
// A picture would be fetched from elsewhere: its words stand for it.
markdown.renderer.rules.image = (tokens, index) => markdown.utils.escapeHtml(tokens[index]!.content);

/** A chart's readme. HTML in it is shown as text, because charts are not trusted. */
export function Readme({ text }: { text: string }) {
  const html = useMemo(() => markdown.render(text), [text]);
  return (
    <details>
      <summary>Readme</summary>
      {/* markdown-it escapes all HTML that is in the text. */}
      <div className="readme" dangerouslySetInnerHTML={{ __html: html }} />
    </details>
  );
}
