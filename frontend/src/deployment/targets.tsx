import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { Link } from "wouter";
import type { TargetStatus } from "../graphql";
import { clusterPath, useAddress } from "../parts/address";
import { Glyph, shapeOf, toneOf } from "../parts/glyph";
import { HealthMark, Status } from "../parts/status";
import { Ago, Since, useNow } from "../parts/time";
import { HEALTH_WORDS, reasonWords, STATUS_WORDS } from "../values/words";
import { canReconcile, ReconcileTarget } from "./reconcile-target";
import { Resources } from "./resources";
import type { Deployment, Target } from "./types";

/** What the deployment is on each cluster, and why. What needs somebody comes first. */
const URGENCY: TargetStatus[] = ["FAILED", "STALE", "UNKNOWN", "NOT_INSTALLED", "DELETED", "SUPERSEDED"];
const ESTIMATED_HEIGHT = 96;

export function Targets({ deployment }: { deployment: Deployment }) {
  const [params, change] = useAddress();
  const only = params.get("only");
  const named = params.get("cluster");
  const present = [...new Set(deployment.targets.map((target) => target.status))];
  const shown = deployment.targets
    .filter((target) => !only || target.status === only)
    .sort(
      (one, other) =>
        Number(other.clusterName === named) - Number(one.clusterName === named) ||
        rank(one) - rank(other) ||
        one.clusterName.localeCompare(other.clusterName),
    );
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
      {present.length > 1 && (
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
            <TargetLine deployment={deployment} target={shown[item.index]!} named={named} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function rank(target: Target): number {
  const found = URGENCY.indexOf(target.status);
  return found < 0 ? URGENCY.length : found;
}

function TargetLine({
  deployment,
  target,
  named,
}: {
  deployment: Deployment;
  target: Target;
  named: string | null;
}) {
  const now = useNow();
  const isNamed = target.clusterName === named;
  const shown = useRef<HTMLElement>(null);
  useEffect(() => {
    // After the frame has put the focus on the new page as a whole.
    if (isNamed) requestAnimationFrame(() => shown.current?.focus());
  }, [isNamed]);
  return (
    <article
      ref={shown}
      className={`target ${isNamed ? "named" : ""}`}
      aria-label={`${target.clusterName}: ${STATUS_WORDS[target.status]}`}
      data-cluster={target.clusterName}
      data-status={target.status}
      tabIndex={isNamed ? -1 : undefined}
    >
      <div className="where">
        <Link href={clusterPath(target.clusterName)}>{target.clusterName}</Link>
        <span className="soft small">
          {target.cloud} {target.distribution}
        </span>
      </div>
      <div className="what">
        <div className="row">
          <Status status={target.status} pill />
          <HealthMark health={target.health} />
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
        {target.reasons.length > 0 && (
          <ul className="reasons">
            {target.reasons.map((reason) => (
              <li key={reason.code + reason.message}>
                {reasonWords(reason, target, deployment.generation, now)}
              </li>
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
        {target.activity && <p className="soft small">{target.activity.message}</p>}
        <Resources target={target.id} cluster={target.clusterName} />
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
      </div>
      <div className="do">
        {canReconcile(target) && <ReconcileTarget deployment={deployment} target={target} />}
        {target.status === "UNKNOWN" && (
          <Link className="button" href={clusterPath(target.clusterName)}>
            View cluster
          </Link>
        )}
      </div>
    </article>
  );
}
