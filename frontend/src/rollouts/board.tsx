import { useState } from "react";
import type { RolloutDetailFragment } from "../graphql";
import { Counts } from "../parts/counts";
import { Mark } from "../parts/status";
import { Moment } from "../parts/time";
import { Checks } from "./checks";
import { Decide } from "./decide";
import { WaveTargets } from "./targets";
import { isOpen, ofStates, WAVES } from "./words";

type Rollout = RolloutDetailFragment;
type Wave = Rollout["waves"][number];
type Gate = Wave["gates"][number];

/** The waves of a rollout side by side: their states, their targets by state, and what each waits for. */
export function Board({ rollout }: { rollout: Rollout }) {
  const [shown, show] = useState<number | null>(null);
  const wave = rollout.waves.find(({ index }) => index === shown);
  return (
    <>
      <h2>Waves</h2>
      <ol className="waves" aria-label="Waves">
        {rollout.waves.map((each) => (
          <WaveCard
            key={each.index}
            rollout={rollout}
            wave={each}
            isShown={each.index === shown}
            toggle={() => show(each.index === shown ? null : each.index)}
          />
        ))}
      </ol>
      {wave && <WaveTargets key={wave.index} rollout={rollout} wave={wave} />}
    </>
  );
}

function WaveCard({
  rollout,
  wave,
  isShown,
  toggle,
}: {
  rollout: Rollout;
  wave: Wave;
  isShown: boolean;
  toggle: () => void;
}) {
  const gates = isOpen(rollout.phase) ? wave.gates : [];
  const approval = gates.find((gate) => gate.__typename === "ApprovalGate");
  return (
    <li className="card padded stack">
      <div className="row apart">
        <h3>
          {wave.index + 1}. {wave.name}
        </h3>
        <Mark of={WAVES[wave.state]} />
      </div>
      <Counts label={`Targets of ${wave.name} by state`} counts={ofStates(wave.counts)} />
      {gates.map((gate, index) => (
        <GateNote key={`${gate.__typename} ${index}`} gate={gate} />
      ))}
      <Checks rollout={rollout} wave={wave} />
      {approval && <Decide rollout={rollout} wave={wave} role={approval.role} />}
      <div>
        <button type="button" className="button slim" aria-expanded={isShown} onClick={toggle}>
          {isShown ? "Hide" : "Show"} targets<span className="hidden"> of {wave.name}</span>
        </button>
      </div>
    </li>
  );
}

/** What a wave waits for, which targets wait, and until when. */
function GateNote({ gate }: { gate: Gate }) {
  const more = gate.targetCount - gate.targets.length;
  return (
    <div className="note" role="status">
      <div className="stack tight">
        <p>
          {gate.message}
          {gate.__typename === "ApprovalGate" && gate.role && ` by users with the role ${gate.role}`}
          {gate.nextAt && (
            <>
              {" Until "}
              <Moment at={gate.nextAt} />.
            </>
          )}
        </p>
        {gate.targets.length > 0 && (
          <p className="small">
            {gate.targets.map(({ clusterName }) => clusterName).join(", ")}
            {more > 0 && ` and ${more} more`}
          </p>
        )}
        {gate.__typename === "ApprovalGate" && gate.decisions.length > 0 && (
          <ul className="small" aria-label="Decisions">
            {gate.decisions.map((decision) => (
              <li key={`${decision.author} ${decision.createdAt}`}>
                {decision.author} {decision.verdict === "APPROVED" ? "approved" : "rejected"}
                {decision.comment && `: ${decision.comment}`}
                {!decision.counts && " (no longer counts)"}
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}
