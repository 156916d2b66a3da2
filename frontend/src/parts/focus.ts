import { type RefObject, useEffect } from "react";

const PLACES = "article, section, main";

/**
 * Keeps the focus near its place when the focused element disappears, such as the button of a problem that is solved, or is
 * disabled for a while. Otherwise the keyboard would start at the top of the page again.
 */
export function useKeptFocus(page: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const root = page.current;
    if (!root) return;
    /** What had the focus last, and what is around it, from within. */
    let around: Element[] = [];

    function remember({ target }: FocusEvent): void {
      around = [];
      for (let at = target as Element | null; at && root?.contains(at); at = at.parentElement)
        around.push(at);
    }

    function forget(): void {
      around = [];
    }

    const observer = new MutationObserver(() => {
      const [last] = around;
      if (!last || document.activeElement !== document.body || last.matches(":disabled")) return;
      const near = last.isConnected ? last : around.find((one) => one.isConnected && one.matches(PLACES));
      if (!(near instanceof HTMLElement)) return;
      if (near !== last && !near.hasAttribute("tabindex")) near.tabIndex = -1;
      near.focus({ preventScroll: true });
    });
    observer.observe(root, { childList: true, subtree: true, attributeFilter: ["disabled"] });
    document.addEventListener("focusin", remember);
    document.addEventListener("pointerdown", forget);
    return () => {
      observer.disconnect();
      document.removeEventListener("focusin", remember);
      document.removeEventListener("pointerdown", forget);
    };
  }, [page]);
}
