import { Suspense, useMemo, useState } from "react";
import { useYaml } from "../api/reading";
import { isObject, type Json, type JsonObject } from "../json";
import { later } from "../parts/later";
import { Loading } from "../parts/states";
import { Tabs } from "../parts/tabs";
import { merge } from "../values/merge";
import { withHidden } from "../values/references";
import { EVERY, wordsOf } from "../values/selectors";
import type { Draft, Selected } from "./draft";
import { References } from "./references";
import { SelectorFields } from "./selector";

const YamlEditor = later(() => import("../editor/yaml-editor"));
const COMMON = "/common";

/**
 * A tab for the common values, one for each override by selector, and one for each override for a cluster. Each is checked
 * merged over the common values.
 */
export function Values({
  draft,
  group,
  members,
  change,
  defaultValues,
  schema,
}: {
  draft: Draft;
  group: string;
  members: string[];
  change: (changes: Partial<Draft>) => void;
  defaultValues: string;
  schema: Json;
}) {
  const [chosen, setChosen] = useState(COMMON);
  const clusters = draft.selector === null ? draft.targets : members;
  const overridden = clusters.filter((cluster) => cluster in draft.overrides);
  const others = clusters.filter((cluster) => !(cluster in draft.overrides));
  const selected = draft.selected.find(({ key }) => key === chosen);
  const tab = selected || overridden.includes(chosen) ? chosen : COMMON;

  const layer = tab === COMMON ? "" : tab;
  const named = selected ? wordsOf(selected.conditions) : tab;
  const references = draft.references[layer] ?? [];
  const read = JSON.stringify(useYaml([defaultValues, draft.values]));
  const layers = useMemo(() => {
    const [defaults, written] = (JSON.parse(read) ?? [{}, {}]) as [JsonObject, JsonObject];
    const common = withHidden(written, draft.references[""] ?? []);
    // Values from secrets exist for the chart, but their type cannot be checked here.
    const below = withHidden(
      layer === "" ? defaults : merge(defaults, common),
      draft.references[layer] ?? [],
    );
    return { below, schema: isObject(schema) && read !== "null" ? schema : null };
  }, [read, schema, layer, draft.references]);

  function add(cluster: string) {
    change({ overrides: { ...draft.overrides, [cluster]: "" } });
    setChosen(cluster);
  }
  function remove(cluster: string) {
    const { [cluster]: _, ...overrides } = draft.overrides;
    const { [cluster]: __, ...references } = draft.references;
    change({ overrides, references });
    setChosen(COMMON);
  }

  function addSelected() {
    const last = Math.max(-1, ...draft.selected.map((one) => Number(one.key.slice(1))));
    const key = `/${last + 1}`;
    change({ selected: [...draft.selected, { key, conditions: EVERY, values: "" }] });
    setChosen(key);
  }
  function edit(changes: Partial<Selected>) {
    change({ selected: draft.selected.map((one) => (one.key === tab ? { ...one, ...changes } : one)) });
  }
  function moveEarlier() {
    const at = draft.selected.findIndex(({ key }) => key === tab);
    const moved = draft.selected.filter(({ key }) => key !== tab);
    moved.splice(at - 1, 0, draft.selected[at]!);
    change({ selected: moved });
  }
  function removeSelected() {
    const { [tab]: _, ...references } = draft.references;
    change({ selected: draft.selected.filter(({ key }) => key !== tab), references });
    setChosen(COMMON);
  }

  return (
    <section className="card padded stack" aria-labelledby="values-head">
      <div className="row apart">
        <h2 id="values-head">Values</h2>
        <button type="button" className="button slim" onClick={addSelected}>
          Override by selector
        </button>
        {others.length > 0 && (
          <select
            className="input slim"
            aria-label="Override values for a cluster"
            value=""
            onChange={(event) => add(event.target.value)}
          >
            <option value="" disabled>
              Override for…
            </option>
            {others.map((cluster) => (
              <option key={cluster}>{cluster}</option>
            ))}
          </select>
        )}
      </div>
      <Tabs
        label="Layers of values"
        tabs={[
          { key: COMMON, label: "Common" },
          ...draft.selected.map(({ key, conditions }) => ({ key, label: wordsOf(conditions) })),
          ...overridden.map((cluster) => ({ key: cluster, label: cluster })),
        ]}
        chosen={tab}
        choose={setChosen}
      >
        {selected && (
          <SelectorFields
            label="For clusters with"
            group={group}
            conditions={selected.conditions}
            change={(conditions) => edit({ conditions })}
          />
        )}
        <Suspense fallback={<Loading lines={6} />}>
          {selected ? (
            <YamlEditor
              key={tab}
              label={`Values for ${wordsOf(selected.conditions)}`}
              text={selected.values}
              change={(values) => edit({ values })}
              layers={layers}
              hint="# Values for the clusters that the selector matches, merged over the common values."
            />
          ) : tab === COMMON ? (
            <YamlEditor
              key={tab}
              label="Common values"
              text={draft.values}
              change={(values) => change({ values })}
              layers={layers}
              hint="# Values for all clusters. Press Ctrl-Space for suggestions."
            />
          ) : (
            <YamlEditor
              key={tab}
              label={`Values for ${tab}`}
              text={draft.overrides[tab] ?? ""}
              change={(text) => change({ overrides: { ...draft.overrides, [tab]: text } })}
              layers={layers}
              hint={`# Values for ${tab} only, merged over the common values.`}
            />
          )}
        </Suspense>
        <References
          label={layer === "" ? "From secrets" : `From secrets, for ${named}`}
          group={group}
          references={references}
          change={(chosen) => change({ references: { ...draft.references, [layer]: chosen } })}
        />
        {tab !== COMMON && (
          <div className="row">
            {selected && draft.selected[0] !== selected && (
              <button type="button" className="button slim" onClick={moveEarlier}>
                Move before the previous one
              </button>
            )}
            <button
              type="button"
              className="button slim"
              onClick={() => (selected ? removeSelected() : remove(tab))}
            >
              Remove the override for {named}
            </button>
          </div>
        )}
      </Tabs>
      <details>
        <summary>Chart defaults</summary>
        <pre className="code">{defaultValues || "The chart has no default values."}</pre>
      </details>
    </section>
  );
}
