import { Link } from "wouter";
import { Store, useStore } from "../store";

/** A short word on what has just begun. It never says what is not also in Activity, where it leads. */
const toasts = new Store<{ key: number; words: string }[]>([]);
let made = 0;
const SHOWN_MILLISECONDS = 5000;

export function toast(words: string): void {
  const key = ++made;
  toasts.set([...toasts.get(), { key, words }]);
  setTimeout(() => toasts.set(toasts.get().filter((shown) => shown.key !== key)), SHOWN_MILLISECONDS);
}

export function Toasts() {
  const shown = useStore(toasts);
  return (
    <div className="toasts" role="status">
      {shown.map(({ key, words }) => (
        <div className="toast" key={key}>
          <span>{words}</span>
          <Link href="/activity">Activity</Link>
        </div>
      ))}
    </div>
  );
}
