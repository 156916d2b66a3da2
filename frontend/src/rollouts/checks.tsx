import { useAction } from "../api/outcome";
import { type CheckVerdict, RetryCheckDocument, type RolloutDetailFragment } from "../graphql";
import { RefusalNote } from "../parts/states";
import { Mark } from "../parts/status";
import { Ago, Moment } from "../parts/time";
import { toast } from "../parts/toast";
import { isOpen, VERDICTS } from "./words";

type Rollout = RolloutDetailFragment;
type Wave = Rollout["waves"][number];
type Check = Wave["checks"][number];

const RETRIABLE: CheckVerdict[] = ["FAILED", "INCONCLUSIVE", "ERROR"];

/** The checks before and after a wave, each with its verdict and its last measurement. */
export function Checks({ rollout, wave }: { rollout: Rollout; wave: Wave }) {
  if (wave.checks.length === 0) return null;
  return (
    <ul className="stack tight" aria-label={`Checks of ${wave.name}`}>
      {wave.checks.map((check) => (
        <CheckLine key={check.rule.name} rollout={rollout} wave={wave} check={check} />
      ))}
    </ul>
  );
}

function CheckLine({ rollout, wave, check }: { rollout: Rollout; wave: Wave; check: Check }) {
  const retry = useAction(RetryCheckDocument, "RolloutPayload");
  const { rule, run } = check;
  const last = run?.measurements.at(-1);
  const isRetriable =
    run !== null &&
    RETRIABLE.includes(run.verdict) &&
    (isOpen(rollout.phase) || rollout.phase === "FAILED") &&
    rollout.deployment.permissions.includes("rollouts.steer");
  async function again() {
    if (await retry.send({ input: { rollout: rollout.id, wave: wave.index, check: rule.name } }))
      toast(`Check ${rule.name} runs again.`);
  }
  return (
    <li>
      <div className="row apart">
        <span>
          {rule.name} <span className="soft small">{check.isBefore ? "before" : "after"} the wave</span>
        </span>
        <Mark of={run ? VERDICTS[run.verdict] : ["none", "hollow", "Not started"]} />
      </div>
      {last && (
        <p className="small">
          {last.number} of {rule.count}: {last.message} <Ago at={last.finishedAt} />
          {run?.nextAt && (
            <>
              {" Next: "}
              <Moment at={run.nextAt} />.
            </>
          )}
        </p>
      )}
      {isRetriable && (
        <button type="button" className="button slim" disabled={retry.fetching} onClick={again}>
          Run again<span className="hidden"> {rule.name}</span>
        </button>
      )}
      <RefusalNote refusal={retry.refusal} />
    </li>
  );
}
