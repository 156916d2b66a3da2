import { Store } from "../store";

/** Whether the API is reachable. After a failed request, it is polled until it answers again. */
export const connection = new Store<"connected" | "reconnecting">("connected");

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 4000;
/** After being connected for this long, the pauses start from the first one again. */
const STEADY = 10_000;

let pause = FIRST_PAUSE;
let connectedAt = Number.NEGATIVE_INFINITY;

export function lost(): void {
  if (connection.get() === "reconnecting") return;
  if (performance.now() - connectedAt > STEADY) pause = FIRST_PAUSE;
  connection.set("reconnecting");
  void askUntilItAnswers();
}

async function askUntilItAnswers(): Promise<void> {
  for (let healthy = false; !healthy; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    // Full jitter, so that a hundred open pages do not fall upon an API that has just come back.
    await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random() / 2)));
    healthy = await fetch("/healthz", { cache: "no-store" }).then(
      (answer) => answer.ok,
      () => false,
    );
  }
  connectedAt = performance.now();
  connection.set("connected");
}

/** Calls `task` each time that the API is back, until the function that it gives is called. */
export function onConnected(task: () => void): () => void {
  return connection.follow(() => {
    if (connection.get() === "connected") task();
  });
}

/** Waits until the API answers: an earlier attempt would be useless, a later one would lose time. */
export function untilConnected(): Promise<void> {
  if (connection.get() === "connected") return Promise.resolve();
  return new Promise((resolve) => {
    const unfollow = onConnected(() => {
      unfollow();
      resolve();
    });
  });
}
