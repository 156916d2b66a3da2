import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { Account } from "./account";
import { useAttention } from "./attention";
import { Icon } from "./icon";
import { Mark } from "./mark";
import { PLACES } from "./places";

/** The navigation. Next to a place is the number of things there that need attention. */
export function Sidebar({ path }: { path: string }) {
  const attention = useAttention();
  const list = useRef<HTMLUListElement>(null);
  // On a narrow screen, the places are in one row that can be scrolled.
  useEffect(() => {
    const current = list.current?.querySelector(`a[href="${placeOf(path)?.path}"]`);
    current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [path]);
  return (
    <div className="side">
      <Link href="/" className="brand">
        <Mark />
        Polyhelm
      </Link>
      <nav aria-label="Main">
        <ul ref={list}>
          {PLACES.map((place) => {
            const found = attention.get(place.path);
            return (
              <li key={place.path}>
                <Link href={place.path} aria-current={place === placeOf(path) ? "page" : undefined}>
                  <Icon path={place.icon} />
                  {place.name}
                  {found && (
                    <span className="attention" title={found.words}>
                      <span aria-hidden="true">{found.count > 999 ? "999+" : found.count}</span>
                      <span className="hidden">({found.words})</span>
                    </span>
                  )}
                </Link>
              </li>
            );
          })}
        </ul>
      </nav>
      <Account />
    </div>
  );
}

const placeOf = (path: string) => PLACES.find(({ matches }) => matches.test(path));
