import type { ReactNode } from "react";
import type { Pages } from "../api/pages";
import { More } from "./more";
import { QueryResult } from "./states";

/** A list that is loaded page by page: that it is loading, failed or is empty, its rows, and a button for more of them. */
export function Listing<Row>({
  pages,
  blank,
  more,
  lines,
  children,
}: {
  pages: Pages<Row>;
  /** Shown if there are no rows. */
  blank: ReactNode;
  /** The text of the button that loads the next page. */
  more: string;
  /** How many lines stand for the list while it loads. */
  lines?: number;
  children: (rows: Row[]) => ReactNode;
}) {
  return (
    <QueryResult asked={pages.asked} retry={pages.reload} lines={lines}>
      {(rows) =>
        rows.length === 0 ? (
          blank
        ) : (
          <>
            {children(rows)}
            <More pages={pages} words={more} />
          </>
        )
      }
    </QueryResult>
  );
}
