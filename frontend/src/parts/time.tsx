import { useEffect } from "react";
import { Store, useStore } from "../store";
import { ago, span } from "../values/words";

/** One clock for the whole page. It ticks every second, because recent times are shown in seconds. */
const clock = new Store(Date.now());
let watchers = 0;
let timer: ReturnType<typeof setInterval> | undefined;

export function useNow(): number {
  useEffect(() => {
    if (watchers++ === 0) {
      clock.set(Date.now());
      timer = setInterval(() => clock.set(Date.now()), 1000);
    }
    return () => {
      if (--watchers === 0) clearInterval(timer);
    };
  }, []);
  return useStore(clock);
}

/** How long ago; the exact time shows when it is pointed at. */
export function Ago({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {ago(at, Math.max(now, Date.parse(at)))}
    </time>
  );
}

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A date with its time. */
export function Moment({ at }: { at: string }) {
  return <time dateTime={at}>{MOMENT.format(new Date(at))}</time>;
}

/** For how long it has been so. */
export function Since({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={`since ${new Date(at).toLocaleString()}`}>
      {span((now - Date.parse(at)) / 1000)}
    </time>
  );
}
