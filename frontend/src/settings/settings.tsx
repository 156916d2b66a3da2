import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";

const PAGES: [string, string][] = [
  ["Secrets", "/settings/secrets"],
  ["Health rules", "/settings/health-rules"],
  ["Services", "/settings/services"],
  ["Tokens", "/settings/tokens"],
];

/** A page of the settings, below links to all of them. */
export function Settings({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  return (
    <>
      <nav className="tabs" aria-label="Settings">
        {PAGES.map(([name, page]) => (
          <Link key={page} href={page} aria-current={path === page ? "page" : undefined}>
            {name}
          </Link>
        ))}
      </nav>
      {children}
    </>
  );
}
