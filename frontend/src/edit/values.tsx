import { Suspense, useMemo, useState } from "react";
import { useYaml } from "../api/reading";
import { isObject, type Json, type JsonObject } from "../json";
import { later } from "../parts/later";
import { Loading } from "../parts/states";
import { Tabs } from "../parts/tabs";
import { merge } from "../values/merge";
import { withHidden } from "../values/references";
import type { Draft } from "./draft";
import { References } from "./references";

const YamlEditor = later(() => import("../editor/yaml-editor"));
const COMMON = "/common";

/** A tab for the common values, and one for each override. Each is checked merged over what lies below it. */
export function Values({
  draft,
  group,
  change,
  defaultValues,
  schema,
}: {
  draft: Draft;
  group: string;
  change: (changes: Partial<Draft>) => void;
  defaultValues: string;
  schema: Json;
}) {
  const [chosen, setChosen] = useState(COMMON);
  const overridden = draft.targets.filter((cluster) => cluster in draft.overrides);
  const others = draft.targets.filter((cluster) => !(cluster in draft.overrides));
  const tab = overridden.includes(chosen) ? chosen : COMMON;

  const layer = tab === COMMON ? "" : tab;
  const references = draft.references[layer] ?? [];
  const read = JSON.stringify(useYaml([defaultValues, draft.values]));
  const layers = useMemo(() => {
    const [defaults, written] = (JSON.parse(read) ?? [{}, {}]) as [JsonObject, JsonObject];
    const common = withHidden(written, draft.references[""] ?? []);
    // What comes from a secret is there for the chart, and of no type that could be checked here.
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

  return (
    <section className="card padded stack" aria-labelledby="values-head">
      <div className="row apart">
        <h2 id="values-head">Values</h2>
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
          ...overridden.map((cluster) => ({ key: cluster, label: cluster })),
        ]}
        chosen={tab}
        choose={setChosen}
      >
        <Suspense fallback={<Loading lines={6} />}>
          {tab === COMMON ? (
            <YamlEditor
              key={tab}
              label="Common values"
              text={draft.values}
              change={(values) => change({ values })}
              layers={layers}
              hint="# Values for all clusters. Ctrl-Space shows what the chart knows."
            />
          ) : (
            <YamlEditor
              key={tab}
              label={`Values for ${tab}`}
              text={draft.overrides[tab] ?? ""}
              change={(text) => change({ overrides: { ...draft.overrides, [tab]: text } })}
              layers={layers}
              hint={`# Values for ${tab} alone, merged over the common ones.`}
            />
          )}
        </Suspense>
        <References
          label={layer === "" ? "From secrets" : `From secrets, for ${layer}`}
          group={group}
          references={references}
          change={(chosen) => change({ references: { ...draft.references, [layer]: chosen } })}
        />
        {tab !== COMMON && (
          <div>
            <button type="button" className="button slim" onClick={() => remove(tab)}>
              Drop the override for {tab}
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
