import type { Pages } from "../api/pages";

/** A button that loads the next page of a list, if there is one. */
export function More({ pages, words }: { pages: Pages<unknown>; words: string }) {
  if (!pages.more) return null;
  return (
    <div className="blank">
      <button type="button" className="button" onClick={() => pages.see(0, pages.asked.data?.length ?? 0)}>
        {words}
      </button>
    </div>
  );
}
