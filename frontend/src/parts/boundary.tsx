import { Component, type ReactNode } from "react";
import { Glyph } from "./glyph";

/** Shows a message if a page fails, and keeps everything around it. Another `key` resets it. */
export class Boundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (!this.state.error) return this.props.children;
    return (
      <div className="note bad" role="alert">
        <Glyph shape="cross" />
        <div className="stack tight">
          <p>This page cannot be shown: {this.state.error.message}</p>
          <div>
            <button type="button" className="button slim" onClick={() => window.location.reload()}>
              Reload
            </button>
          </div>
        </div>
      </div>
    );
  }
}
