import { useEffect, useState } from "react";
import { partsOf } from "../values/cut";

/**
 * A name that is cut where there is no room for it, so that it stays different from the other names beside it. The whole
 * name is shown beside it while it has the focus or the pointer (`FullName`).
 */
export function Name({ children, among }: { children: string; among?: readonly string[] }) {
  const parts = partsOf(children, among);
  if (parts.every((part) => part.stays)) return <>{children}</>;
  return (
    <span className="cut" data-name={children}>
      <span className="hidden">{children}</span>
      {parts.map((part, index) => (
        <span key={index} className={part.stays ? undefined : "start"} aria-hidden="true">
          {part.text}
        </span>
      ))}
    </span>
  );
}

interface Shown {
  name: string;
  left: number;
  top: number;
}

const isCut = (found: Element) =>
  [...found.querySelectorAll(".start")].some((part) => part.scrollWidth > part.clientWidth);

/** Shows the whole name where a cut one has the focus or the pointer. The frame has one. */
export function FullName() {
  const [shown, show] = useState<Shown | null>(null);
  useEffect(() => {
    function look({ target, type }: Event) {
      if (!(target instanceof Element)) return;
      const found = target.closest(".cut") ?? (type === "focusin" ? target.querySelector(".cut") : null);
      if (!found || !isCut(found)) return show(null);
      const { left, bottom } = found.getBoundingClientRect();
      show({ name: found.getAttribute("data-name") ?? "", left, top: bottom });
    }
    const hide = () => show(null);
    const controller = new AbortController();
    const { signal } = controller;
    document.addEventListener("focusin", look, { signal });
    document.addEventListener("pointerover", look, { signal });
    document.addEventListener("focusout", hide, { signal });
    document.addEventListener("scroll", hide, { signal, capture: true, passive: true });
    return () => controller.abort();
  }, []);
  if (!shown) return null;
  return (
    <span className="full-name" aria-hidden="true" style={{ left: shown.left, top: shown.top }}>
      {shown.name}
    </span>
  );
}
