import { useState } from "react";
import type { Health } from "../graphql";
import { useAddress } from "../parts/address";
import { Glyph, ofHealth } from "../parts/glyph";
import { Search } from "../parts/search";
import { EmptyState, Loading, QueryError, QueryResult } from "../parts/states";
import { HEALTH_WORDS } from "../values/words";
import type { About } from "./about";
import { ObjectPanel } from "./object";
import { ROOT, rowsOf } from "./tree";
import { TreeView } from "./tree-view";
import { useTree } from "./use-tree";

const HEALTHS = Object.keys(HEALTH_WORDS) as Health[];

/** What runs: the tree of a target, and the details of one object beside it. Filter and object are in the address. */
export function TargetResources({ about }: { about: About }) {
  const { target, deployment } = about;
  const [params, change] = useAddress();
  const [opened, setOpened] = useState<ReadonlyMap<string, boolean>>(new Map());
  const tree = useTree(target, deployment.releaseName);
  const health = (params.get("health") ?? "").split(",").filter((word) => word in HEALTH_WORDS) as Health[];
  const isDrifted = params.get("drifted") === "1";
  const filter = { text: params.get("q") ?? "", health, isDrifted };
  const rows = rowsOf(tree.items, opened, filter);
  const chosen = params.get("object");
  const item = tree.items.find(({ key }) => key === chosen);
  const objects = tree.items.filter(({ key }) => key !== ROOT);
  const counts = new Map<Health, number>();
  for (const one of objects) counts.set(one.health, (counts.get(one.health) ?? 0) + 1);
  const drifted = objects.filter(({ drift }) => drift === "DRIFTED" || drift === "MISSING").length;

  function toggle(word: Health): void {
    const next = health.includes(word) ? health.filter((one) => one !== word) : [...health, word];
    change({ health: next.join(",") || null });
  }

  return (
    <QueryResult asked={tree.asked} retry={tree.reload} lines={6}>
      {() => (
        <>
          <div className="row wide">
            <Search
              label="Kind, name or image"
              value={filter.text}
              change={(text) => change({ q: text || null })}
            />
            <fieldset className="counts">
              <legend className="hidden">Show only</legend>
              {HEALTHS.filter((word) => counts.has(word) || health.includes(word)).map((word) => {
                const [tone, shape] = ofHealth(word);
                return (
                  <button
                    key={word}
                    type="button"
                    className={`count tone-${tone}`}
                    aria-pressed={health.includes(word)}
                    onClick={() => toggle(word)}
                  >
                    <Glyph shape={shape} />
                    <b>{counts.get(word) ?? 0}</b>
                    {HEALTH_WORDS[word]}
                  </button>
                );
              })}
              {(drifted > 0 || isDrifted) && (
                <button
                  type="button"
                  className="count tone-warn"
                  aria-pressed={isDrifted}
                  onClick={() => change({ drifted: isDrifted ? null : "1" })}
                >
                  <Glyph shape="warning" />
                  <b>{drifted}</b>
                  Drifted
                </button>
              )}
            </fieldset>
          </div>
          {tree.error && <QueryError error={tree.error} retry={tree.retry} />}
          {!tree.isRead && !tree.error && <Loading lines={1} />}
          {tree.problems.map((problem) => (
            <p key={problem} className="soft small">
              {problem}
            </p>
          ))}
          {target.resourcesLeftOut > 0 && (
            <p className="soft small">
              {target.resourcesLeftOut} more objects of the release are not followed.
            </p>
          )}
          {rows.length === 0 ? (
            <EmptyState title="Nothing matches" />
          ) : (
            <div className={`look ${item ? "open" : ""}`}>
              <div className="card">
                <TreeView
                  rows={rows}
                  chosen={item ? chosen : null}
                  label={`Resources of ${deployment.releaseName} on ${target.clusterName}`}
                  open={(key, isOpen) => setOpened(new Map(opened).set(key, isOpen))}
                  choose={(key) => change({ object: key, view: key === null ? null : params.get("view") })}
                />
              </div>
              {item && (
                <ObjectPanel
                  key={item.key}
                  about={about}
                  item={item}
                  close={() => change({ object: null, view: null })}
                />
              )}
            </div>
          )}
        </>
      )}
    </QueryResult>
  );
}
