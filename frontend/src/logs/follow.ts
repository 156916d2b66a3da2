import { useEffect, useRef, useState } from "react";
import { type CombinedError, useClient } from "urql";
import { onEnd, pipe, subscribe } from "wonka";
import { connection, onConnected } from "../api/connection";
import { FollowLogsDocument, type LogFilter, ReadLogsDocument } from "../graphql";
import { Buffer, type Kept } from "./buffer";

/** As many lines as the server has, to find those that were written while the connection was lost. */
const ALL_LINES = 5000;
const QUIET_MILLISECONDS = 1500;

export type Following = {
  kept: Kept;
  state: "loading" | "following" | "ended" | "failed";
  error?: CombinedError;
};

const NOTHING: Following = { kept: { lines: [], letGo: 0 }, state: "loading" };

/**
 * The lines of a log, followed as they are written; those of a previous run are read once. After a lost connection
 * it continues with the lines that were written in the meantime.
 */
export function useLogs(target: string, filter: LogFilter, attempt: number): Following {
  const client = useClient();
  const [following, setFollowing] = useState(NOTHING);
  const asked = JSON.stringify(filter);
  const frame = useRef(0);

  useEffect(() => {
    const chosen = JSON.parse(asked) as LogFilter;
    const buffer = new Buffer();
    let state: Following["state"] = "loading";
    let error: CombinedError | undefined;
    let stop: (() => void) | undefined;

    // However fast lines come, they are drawn once in a frame.
    function show(): void {
      cancelAnimationFrame(frame.current);
      frame.current = requestAnimationFrame(() => setFollowing({ kept: buffer.kept(), state, error }));
    }

    function follow(tail?: number): void {
      const variables = { target, filter: { ...chosen, ...(tail && { tail }) } };
      const source = chosen.previous
        ? client.query(ReadLogsDocument, variables, { requestPolicy: "network-only" })
        : client.subscription(FollowLogsDocument, variables);
      let isStopped = false;
      const { unsubscribe } = pipe(
        source,
        onEnd(() => {
          if (isStopped || state !== "following") return;
          state = "ended";
          show();
        }),
        subscribe((answer) => {
          if (answer.data) buffer.add(answer.data.logs.entries);
          error = answer.error;
          state = error ? "failed" : chosen.previous ? "ended" : "following";
          show();
        }),
      );
      stop = () => {
        isStopped = true;
        unsubscribe();
      };
    }

    setFollowing(NOTHING);
    follow();
    // A container that writes nothing is followed, too.
    const quiet = setTimeout(() => {
      if (state !== "loading" || chosen.previous) return;
      state = "following";
      show();
    }, QUIET_MILLISECONDS);
    const unfollow = connection.follow(() => {
      if (connection.get() !== "reconnecting") return;
      stop?.();
      stop = undefined;
    });
    const unresume = onConnected(() => {
      if (stop || state === "ended") return;
      buffer.resume();
      follow(ALL_LINES);
    });
    return () => {
      unfollow();
      unresume();
      stop?.();
      clearTimeout(quiet);
      cancelAnimationFrame(frame.current);
    };
  }, [client, target, asked, attempt]);

  return following;
}
