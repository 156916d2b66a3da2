import { useEffect } from "react";

const NAME = "Polyhelm";

/** What a page is about, as its heading and in the browser's tab. */
export function Title({ words }: { words: string }) {
  useEffect(() => {
    document.title = `${words} · ${NAME}`;
    return () => {
      document.title = NAME;
    };
  }, [words]);
  return <h1 className="wrap">{words}</h1>;
}
