import { useLocation } from "wouter";
import { useAction } from "../api/outcome";
import { PlanDeploymentDocument, type PlanDeploymentInput } from "../graphql";
import { toast } from "../parts/toast";
import { planPath } from "../plan/words";
import { useFollowing } from "./following";

/** Stores a plan and goes to its page, where it can be discussed, approved and applied. */
export function useStoring() {
  const { send, fetching, refusal } = useAction(PlanDeploymentDocument, "PlanDeploymentPayload");
  const following = useFollowing();
  const [, go] = useLocation();

  async function store(input: PlanDeploymentInput): Promise<void> {
    following.dismiss();
    const answer = await send({ input });
    const found = answer?.planProgress
      ? (await following.follow(answer.planProgress.id))?.storedPlan
      : answer?.plan;
    if (!found) return;
    toast("The plan was stored.");
    go(planPath(found.id));
  }

  return {
    store,
    fetching: fetching || following.progress !== null,
    progress: following.progress,
    refusal: refusal ?? following.refusal,
  };
}

export type Storing = ReturnType<typeof useStoring>;
