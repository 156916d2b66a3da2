import { type ReactNode, useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { useLive } from "../api/live";
import { useKeptFocus } from "../parts/focus";
import { FullName } from "../parts/name";
import { Toasts } from "../parts/toast";
import { Connection } from "./connection";
import { Sidebar } from "./sidebar";

/** The sidebar, and the page beside it. */
export function Frame({ children }: { children: ReactNode }) {
  useLive();
  const [path] = useLocation();
  const page = useRef<HTMLElement>(null);
  const first = useRef(true);
  useKeptFocus(page);
  useEffect(() => {
    if (first.current) first.current = false;
    else page.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [path]);
  return (
    <div className="frame">
      <a className="skip" href="#page">
        Skip to content
      </a>
      <Sidebar path={path} />
      <main id="page" className="page" ref={page} tabIndex={-1}>
        {children}
      </main>
      <Connection />
      <Toasts />
      <FullName />
    </div>
  );
}
