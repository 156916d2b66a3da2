import { useState } from "react";
import type { PlannedFragment } from "../graphql";
import { useFollowing } from "./following";

/** Targets that an update would remove. */
export type Removal = { count: number; clusters: string[]; needsConfirmation: boolean };

type Notice = { code: string; message: string };

type Plan = { targets: PlannedFragment[]; warnings: { message: string }[]; removal?: Removal | null };

/** What was planned, and for exactly which request: another request is not what the user has seen. */
type Planned = { request: string; plan: Plan; notices: Notice[] };

type Answered = { plan: Plan | null; planProgress: { id: string } | null; notices: Notice[] } | null;

/**
 * The plan of an input, computed on request. `targets` are its clusters, as long as the input has not changed. `made` is
 * the newest plan, outdated or not. `input` is null while it is incomplete.
 */
export function usePlanning<Input>(
  input: Input | null,
  send: (input: Input & { dryRun: boolean }) => Promise<Answered>,
) {
  const [planned, setPlanned] = useState<Planned | null>(null);
  const request = input && JSON.stringify(input);
  const { follow, progress, refusal, dismiss } = useFollowing();

  async function plan(): Promise<void> {
    if (!input || !request) return;
    dismiss();
    const answer = await send({ ...input, dryRun: true });
    const found = answer?.planProgress ? await follow(answer.planProgress.id) : answer;
    setPlanned(found?.plan ? { request, plan: found.plan, notices: found.notices } : null);
  }

  const isCurrent = planned !== null && planned.request === request;
  return {
    targets: isCurrent ? planned.plan.targets : null,
    notices: isCurrent ? planned.notices : [],
    warnings: isCurrent ? planned.plan.warnings : [],
    removal: isCurrent ? (planned.plan.removal ?? null) : null,
    made: planned,
    isOutdated: planned !== null && !isCurrent,
    isPossible: input !== null,
    /** Of a plan that takes longer than a request, while it is made; and why there is none. */
    progress,
    refusal,
    plan,
  };
}

export type Planning = ReturnType<typeof usePlanning>;
