import { useState } from "react";
import { useQuery } from "urql";
import { useAction } from "../api/outcome";
import { useOrganization } from "../api/session";
import {
  ApproverDocument,
  ApproveWaveDocument,
  RejectWaveDocument,
  type Role,
  type RolloutDetailFragment,
} from "../graphql";
import { RefusalNote } from "../parts/states";
import { TextField } from "../parts/text-field";
import { toast } from "../parts/toast";

type Rollout = RolloutDetailFragment;
type Wave = Rollout["waves"][number];

/** Approves or rejects a wave, by those who may. The author of the change reads why they cannot. */
export function Decide({ rollout, wave, role }: { rollout: Rollout; wave: Wave; role: Role | null }) {
  const organization = useOrganization();
  const [{ data }] = useQuery({ query: ApproverDocument });
  if (!data?.viewer || !rollout.deployment.permissions.includes("rollouts.approve")) return null;
  if (data.viewer.name === rollout.author)
    return <p className="soft">The author of a change cannot approve or reject its waves.</p>;
  const membership = data.memberships.find((one) => one.organization === organization) ?? data.memberships[0];
  const inGroup = membership?.groupRoles.filter(({ group }) => group === rollout.deployment.group.name) ?? [];
  const roles = [membership, ...inGroup].map((each) => each?.role);
  if (role && !roles.includes(role)) return null;
  return <Decision rollout={rollout} wave={wave} />;
}

function Decision({ rollout, wave }: { rollout: Rollout; wave: Wave }) {
  const [comment, setComment] = useState("");
  const approve = useAction(ApproveWaveDocument, "RolloutPayload");
  const reject = useAction(RejectWaveDocument, "RolloutPayload");
  const input = {
    rollout: rollout.id,
    wave: wave.index,
    digest: rollout.planDigest,
    comment: comment.trim() || null,
  };
  const fetching = approve.fetching || reject.fetching;
  async function decide(action: typeof approve | typeof reject, words: string) {
    for (const each of [approve, reject]) each.dismiss();
    if (!(await action.send({ input }))) return;
    toast(words);
    setComment("");
  }
  return (
    <div className="stack tight">
      <TextField id={`comment-${wave.index}`} label="Comment" value={comment} change={setComment} />
      <div className="row">
        <button
          type="button"
          className="button first"
          disabled={fetching}
          onClick={() => decide(approve, `Wave ${wave.name} approved.`)}
        >
          Approve<span className="hidden"> {wave.name}</span>
        </button>
        <button
          type="button"
          className="button danger"
          disabled={fetching}
          onClick={() => decide(reject, `Wave ${wave.name} rejected.`)}
        >
          Reject<span className="hidden"> {wave.name}</span>
        </button>
      </div>
      <RefusalNote refusal={approve.refusal ?? reject.refusal} />
    </div>
  );
}
