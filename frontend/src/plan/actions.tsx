import { useState } from "react";
import { useQuery } from "urql";
import { useAction } from "../api/outcome";
import {
  ApplyPlanDocument,
  ApprovePlanDocument,
  CommentOnPlanDocument,
  DiscardPlanDocument,
  RejectPlanDocument,
  ViewerDocument,
} from "../graphql";
import { needs } from "../parts/permission";
import { RefusalNote } from "../parts/states";
import { toast } from "../parts/toast";
import type { Plan } from "./types";

/** Why the viewer cannot approve the plan; undefined if they can. */
function approvalReason(plan: Plan, viewer: string | undefined): string | undefined {
  if (plan.state !== "OPEN") return "The plan is no longer open.";
  if (plan.author === viewer) return "The author of a plan cannot approve or reject it.";
  return needs(plan.permissions, "plans.approve");
}

/** What can be done with a plan. A button that cannot be used says why. */
export function Actions({ plan, refresh }: { plan: Plan; refresh: () => void }) {
  const [{ data }] = useQuery({ query: ViewerDocument });
  const [text, setText] = useState("");
  const [confirmed, confirm] = useState(false);
  const apply = useAction(ApplyPlanDocument, "ApplyPlanPayload");
  const approve = useAction(ApprovePlanDocument, "PlanPayload");
  const reject = useAction(RejectPlanDocument, "PlanPayload");
  const comment = useAction(CommentOnPlanDocument, "PlanPayload");
  const discard = useAction(DiscardPlanDocument, "PlanPayload");
  const busy = [apply, approve, reject, comment, discard].some((action) => action.fetching);
  const cannotWrite = needs(plan.permissions, "deployments.write");
  const isOpen = plan.state === "OPEN";
  const cannotDecide = approvalReason(plan, data?.viewer?.name);
  const removal = plan.removal?.needsConfirmation ? plan.removal : null;
  const unconfirmed = removal && !confirmed ? "Confirm the removal of targets first." : undefined;
  const cannotApply = cannotWrite ?? plan.blocker?.message ?? unconfirmed;
  const { id, digest } = plan;

  async function done(sent: Promise<unknown>, words: string) {
    if (!(await sent)) return;
    toast(words);
    setText("");
    refresh();
  }
  const decision = { id, digest, comment: text || null };
  return (
    <div className="stack">
      {isOpen && cannotApply && <p role="status">Cannot be applied: {cannotApply}</p>}
      {isOpen && removal && (
        <label className="check">
          <input type="checkbox" checked={confirmed} onChange={(event) => confirm(event.target.checked)} />
          <span>Remove {removal.count} targets</span>
        </label>
      )}
      <label className="stack tight">
        <span>Comment</span>
        <textarea rows={2} maxLength={4000} value={text} onChange={(event) => setText(event.target.value)} />
      </label>
      <div className="row">
        {isOpen && (
          <Action
            words="Apply"
            first
            busy={busy}
            reason={cannotApply}
            act={() =>
              done(
                apply.send({ input: { id, digest, confirmRemoval: removal?.count ?? null } }),
                "The plan was applied.",
              )
            }
          />
        )}
        {isOpen && (
          <Action
            words="Approve"
            busy={busy}
            reason={cannotDecide}
            act={() => done(approve.send({ input: decision }), "The plan was approved.")}
          />
        )}
        {isOpen && (
          <Action
            words="Reject"
            busy={busy}
            reason={cannotDecide}
            act={() => done(reject.send({ input: decision }), "The plan was rejected.")}
          />
        )}
        <Action
          words="Comment"
          busy={busy}
          reason={cannotWrite ?? (text.trim() ? undefined : "Write a comment first.")}
          act={() => done(comment.send({ input: { id, comment: text } }), "The comment was added.")}
        />
        {isOpen && (
          <Action
            words="Discard"
            busy={busy}
            reason={cannotWrite}
            act={() => done(discard.send({ input: { id } }), "The plan was discarded.")}
          />
        )}
      </div>
      {[apply, approve, reject, comment, discard].map(
        ({ refusal }, index) => refusal && <RefusalNote key={index} refusal={refusal} />,
      )}
    </div>
  );
}

function Action({
  words,
  first,
  busy,
  reason,
  act,
}: {
  words: string;
  first?: boolean;
  busy: boolean;
  reason: string | undefined;
  act: () => void;
}) {
  return (
    <button
      type="button"
      className={first ? "button first" : "button"}
      disabled={busy || reason !== undefined}
      title={reason}
      onClick={act}
    >
      {words}
    </button>
  );
}
