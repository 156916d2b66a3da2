import { useState } from "react";
import type { Refusal } from "../api/outcome";
import type { OnNewerGeneration, RolloutEnding } from "../graphql";
import { Field } from "../parts/field";
import { ENDINGS } from "../rollouts/words";
import type { Draft } from "./draft";
import { AT_ONCE, newWave, type Strategy, type Wave } from "./strategy";
import { WaveFields } from "./wave";

const ON_NEWER: Record<OnNewerGeneration, string> = {
  SUPERSEDE: "Begin again at the first wave",
  QUEUE: "Finish this rollout first",
  REFUSE: "Refuse the newer change",
};

/** How changes reach the clusters: all at once, or in waves. What is wrong is shown at the field. */
export function Rollout({
  draft,
  group,
  refusal,
  change,
}: {
  draft: Draft;
  group: string;
  refusal: Refusal | null;
  change: (changes: Partial<Draft>) => void;
}) {
  const { strategy, strategyUse } = draft;
  const { waves } = strategy;
  const [isOpen] = useState(waves.length > 0);
  const isOnce = strategyUse === "once";
  const set = (changes: Partial<Strategy>) =>
    change({ strategy: { ...strategy, ...changes }, strategyUse: isOnce ? "once" : "stored" });
  const setWave = (index: number, changes: Partial<Wave>) =>
    set({ waves: waves.map((wave, at) => (at === index ? { ...wave, ...changes } : wave)) });
  const problemsAt = (...path: string[]) => {
    const place = [isOnce ? "strategyOverride" : "strategy", ...path];
    return (refusal?.problems ?? [])
      .filter((problem) => place.every((part, at) => problem.path[at] === part))
      .map((problem) => problem.message);
  };
  return (
    <details className="card padded" open={isOpen}>
      <summary>Rollout</summary>
      <div className="stack options">
        <fieldset className="stack tight">
          <legend className="label">How changes reach the clusters</legend>
          <label className="check">
            <input
              type="radio"
              name="rollout"
              checked={waves.length === 0}
              onChange={() => set({ ...AT_ONCE })}
            />
            All at once
          </label>
          <label className="check">
            <input
              type="radio"
              name="rollout"
              checked={waves.length > 0}
              onChange={() => waves.length === 0 && set({ waves: [newWave([])] })}
            />
            In waves, one after the other
          </label>
          <label className="check">
            <input
              type="checkbox"
              checked={isOnce}
              onChange={({ target }) => change({ strategyUse: target.checked ? "once" : "stored" })}
            />
            Only for this change
          </label>
        </fieldset>
        {waves.map((wave, index) => (
          <WaveFields
            key={wave.key}
            wave={wave}
            number={index + 1}
            group={group}
            problemsAt={(...path) => problemsAt("waves", String(index), ...path)}
            change={(changes) => setWave(index, changes)}
            remove={() => set({ waves: waves.filter((_, at) => at !== index) })}
            moveUp={index > 0 ? () => set({ waves: swapped(waves, index) }) : null}
          />
        ))}
        {waves.length > 0 && (
          <>
            <p className="soft small">Clusters that no wave takes form a last wave, rest.</p>
            <div>
              <button
                type="button"
                className="button slim"
                onClick={() => set({ waves: [...waves, newWave(waves)] })}
              >
                Add a wave
              </button>
            </div>
            <div className="fields">
              <Field
                id="max-unavailable"
                label="Maximum unavailable clusters"
                hint="In all waves together, such as 5 or 10%"
                problems={problemsAt("maxUnavailable")}
              >
                {(props) => (
                  <input
                    {...props}
                    value={strategy.maxUnavailable}
                    onChange={({ target }) => set({ maxUnavailable: target.value.trim() })}
                  />
                )}
              </Field>
              <Field
                id="on-newer"
                label="If the deployment is changed during a rollout"
                problems={problemsAt("onNewer")}
              >
                {(props) => (
                  <select
                    {...props}
                    value={strategy.onNewer}
                    onChange={({ target }) => set({ onNewer: target.value as OnNewerGeneration })}
                  >
                    {Object.entries(ON_NEWER).map(([policy, words]) => (
                      <option key={policy} value={policy}>
                        {words}
                      </option>
                    ))}
                  </select>
                )}
              </Field>
            </div>
            <fieldset className="stack tight">
              <legend className="label">Roll back automatically in these cases</legend>
              {(Object.entries(ENDINGS) as [RolloutEnding, string][]).map(([ending, words]) => (
                <label key={ending} className="check">
                  <input
                    type="checkbox"
                    checked={strategy.rollBackOn.includes(ending)}
                    onChange={({ target }) =>
                      set({
                        rollBackOn: target.checked
                          ? [...strategy.rollBackOn, ending]
                          : strategy.rollBackOn.filter((one) => one !== ending),
                      })
                    }
                  />
                  {words}
                </label>
              ))}
            </fieldset>
          </>
        )}
      </div>
    </details>
  );
}

/** The waves, with the one at this index before the one in front of it. */
function swapped(waves: Wave[], index: number): Wave[] {
  const found = [...waves];
  const [wave] = found.splice(index, 1);
  if (wave) found.splice(index - 1, 0, wave);
  return found;
}
