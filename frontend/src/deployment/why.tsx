import type { Remedy } from "../graphql";
import { Ago, useNow } from "../parts/time";
import { HEALTH_WORDS, reasonWords } from "../values/words";
import type { Target } from "./types";

const HELD_WORDS: Record<Remedy, string> = {
  NOTHING: "",
  ROLLBACK: "The target returned to its last verified generation.",
  UNINSTALL: "Its release was uninstalled.",
};

/** Why a target has its status and its health, what is being done about it, and the error of the last action. */
export function Why({ target, generation }: { target: Target; generation: number }) {
  const now = useNow();
  return (
    <>
      {target.reasons.length > 0 && (
        <ul className="reasons">
          {target.reasons.map((reason) => (
            <li key={reason.code + reason.message}>{reasonWords(reason, target, generation, now)}</li>
          ))}
        </ul>
      )}
      {target.healthReasons.length > 0 && (
        <ul className="reasons">
          {target.healthReasons.map((blamed) => (
            <li key={`${blamed.kind}/${blamed.namespace}/${blamed.name}`}>
              {blamed.kind} {blamed.name}: {blamed.message ?? blamed.reason ?? HEALTH_WORDS[blamed.health]}
            </li>
          ))}
        </ul>
      )}
      {target.activity && target.activity.phase !== "WAITING_FOR_WINDOW" && (
        <p className="soft small">{target.activity.message}</p>
      )}
      {target.hold && (
        <p className="wrap">
          Generation {target.hold.generation} is on hold here, because it failed: {target.hold.message}{" "}
          {HELD_WORDS[target.hold.remedy]}
        </p>
      )}
      {target.error && (
        <div className="failure">
          <p>
            {target.error.message}{" "}
            <span className="soft">
              (attempt {target.error.attempts}, <Ago at={target.error.at} />)
            </span>
          </p>
          {target.error.advice && <p className="small">{target.error.advice}</p>}
          {target.error.output && (
            <details>
              <summary>Helm's output</summary>
              <pre className="code">{target.error.output}</pre>
            </details>
          )}
        </div>
      )}
    </>
  );
}
