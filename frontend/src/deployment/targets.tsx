import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { Link } from "wouter";
import type { TargetStatus } from "../graphql";
import { clusterPath, targetPath, useAddress } from "../parts/address";
import { Glyph, shapeOf, toneOf } from "../parts/glyph";
import { needs } from "../parts/permission";
import { DriftMark, HealthMark, Status } from "../parts/status";
import { Ago, Since } from "../parts/time";
import { STATUS_WORDS } from "../values/words";
import { canReconcile, ReconcileTarget } from "./reconcile-target";
import type { Deployment, Target } from "./types";
import { Why } from "./why";

/** The status of the deployment on each cluster, with its reasons. Targets that need attention come first. */
const URGENCY: TargetStatus[] = ["FAILED", "STALE", "UNKNOWN", "NOT_INSTALLED", "DELETED", "SUPERSEDED"];
const ESTIMATED_HEIGHT = 96;
/** What a user wants to see of drift; the rest is on the target's page. */
const DIFFERS: string[] = ["DRIFTED", "MISSING", "CONTESTED"];

export function Targets({ deployment }: { deployment: Deployment }) {
  const [params, change] = useAddress();
  const only = params.get("only");
  const present = [...new Set(deployment.targets.map((target) => target.status))];
  const onlyDrifted = params.get("drifted") === "1";
  const drifted = deployment.targets.filter(isDrifted);
  const shown = deployment.targets
    .filter((target) => (!only || target.status === only) && (!onlyDrifted || isDrifted(target)))
    .sort((one, other) => rank(one) - rank(other) || one.clusterName.localeCompare(other.clusterName));
  const list = useRef<HTMLUListElement>(null);
  const virtual = useWindowVirtualizer({
    count: shown.length,
    estimateSize: () => ESTIMATED_HEIGHT,
    overscan: 10,
    scrollMargin: list.current?.offsetTop ?? 0,
    getItemKey: (index) => shown[index]!.id,
  });
  return (
    <section className="card" aria-label="Targets">
      {(present.length > 1 || drifted.length > 0 || onlyDrifted) && (
        <header>
          <fieldset className="counts">
            <legend className="hidden">Show only</legend>
            {present.map((status) => (
              <button
                key={status}
                type="button"
                className={`count tone-${toneOf(status)}`}
                aria-pressed={only === status}
                onClick={() => change({ only: only === status ? null : status })}
              >
                <Glyph shape={shapeOf(status)} />
                {STATUS_WORDS[status]}
              </button>
            ))}
            {(drifted.length > 0 || onlyDrifted) && (
              <button
                type="button"
                className="count tone-warn"
                aria-pressed={onlyDrifted}
                onClick={() => change({ drifted: onlyDrifted ? null : "1" })}
              >
                <Glyph shape="warning" />
                <b>{drifted.length}</b>
                Objects drifted
              </button>
            )}
          </fieldset>
        </header>
      )}
      <ul ref={list} className="targets" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => (
          <li
            key={item.key}
            ref={virtual.measureElement}
            data-index={item.index}
            style={{ translate: `0 ${item.start - virtual.options.scrollMargin}px` }}
          >
            <TargetLine deployment={deployment} target={shown[item.index]!} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function isDrifted({ liveDrift }: Target): boolean {
  return DIFFERS.includes(liveDrift.state);
}

function rank(target: Target): number {
  const found = URGENCY.indexOf(target.status);
  return found < 0 ? URGENCY.length : found;
}

function TargetLine({ deployment, target }: { deployment: Deployment; target: Target }) {
  const { state, drifted } = target.liveDrift;
  const path = targetPath(deployment.group.name, deployment.releaseName, target.clusterName);
  return (
    <article
      className="target"
      aria-label={`${target.clusterName}: ${STATUS_WORDS[target.status]}`}
      data-cluster={target.clusterName}
      data-status={target.status}
    >
      <div className="where">
        <Link href={path}>{target.clusterName}</Link>
        <span className="soft small">
          {target.cloud} {target.distribution}
        </span>
      </div>
      <div className="what">
        <div className="row">
          <Status status={target.status} pill />
          <HealthMark health={target.health} />
          {isDrifted(target) && (
            <Link href={`${path}?drifted=1`} className="plain" title={`Objects that differ: ${drifted}`}>
              <DriftMark drift={state} />
            </Link>
          )}
          <span className="soft small">
            for <Since at={target.statusSince} />
            {target.revision !== null && ` · revision ${target.revision}`}
            {target.version && ` · chart ${target.version}`}
            {target.observedAt && (
              <>
                {" "}
                · confirmed <Ago at={target.observedAt} />
              </>
            )}
          </span>
        </div>
        <Why target={target} generation={deployment.generation} />
      </div>
      <div className="do">
        {canReconcile(target) && (
          <ReconcileTarget
            deployment={deployment}
            target={target}
            refused={needs(deployment.permissions, "deployments.write")}
          />
        )}
        {target.status === "UNKNOWN" && (
          <Link className="button" href={clusterPath(target.clusterName)}>
            View cluster
          </Link>
        )}
      </div>
    </article>
  );
}
