import { useEffect, useRef, useState } from "react";
import { useClient } from "urql";
import { failed, type Refusal, refusalOf, wordsOf } from "../api/outcome";
import { refetch } from "../api/refetch";
import { PlanProgressDocument, type PlanProgressQuery } from "../graphql";

type Found = NonNullable<PlanProgressQuery["planProgress"]>;

/** How many clusters of how many are planned. */
export type Progress = Pick<Found, "done" | "total">;

const ASK_AGAIN = 1000;

/**
 * Plans that take longer than a request. `follow` polls a plan until it is finished and returns it. It returns null if the
 * plan failed, which `refusal` explains, or if another plan is followed by then. It ends with the page.
 */
export function useFollowing() {
  const client = useClient();
  const [progress, setProgress] = useState<Progress | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const newest = useRef(0);
  useEffect(
    () => () => {
      newest.current += 1;
    },
    [],
  );

  async function follow(id: string): Promise<Pick<Found, "plan" | "storedPlan" | "notices"> | null> {
    newest.current += 1;
    const own = newest.current;
    setRefusal(null);
    setProgress({ done: 0, total: 0 });
    for (;;) {
      const { data, error } = await refetch(client, PlanProgressDocument, { id });
      if (newest.current !== own) return null;
      const found = data?.planProgress;
      if (found && !found.finished) setProgress({ done: found.done, total: found.total });
      else if (found?.plan || found?.storedPlan) {
        setProgress(null);
        return found;
      } else if (!error?.networkError) {
        setProgress(null);
        setRefusal(
          found?.error
            ? refusalOf(found.error)
            : failed(error ? wordsOf(error) : "The plan has expired. Create it again."),
        );
        return null;
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN));
      if (newest.current !== own) return null;
    }
  }

  return { follow, progress, refusal, dismiss: () => setRefusal(null) };
}

/** What is said while a plan is made. */
export function progressWords({ done, total }: Progress): string {
  return total === 0 ? "Contacting every cluster…" : `${done} of ${total} clusters planned…`;
}
