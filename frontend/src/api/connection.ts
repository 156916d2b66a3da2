import { Store } from "../store";

/** Whether the API can be reached. Whoever fails to reach it says so; then it is asked until it answers again. */
export const connection = new Store<"connected" | "reconnecting">("connected");

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 4000;
/** Who has been connected for as long as this begins with the first pause again. */
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

/** There is no use in trying before the API answers at all, and then there is no time to lose. */
export function untilConnected(): Promise<void> {
  if (connection.get() === "connected") return Promise.resolve();
  return new Promise((resolve) => {
    const unfollow = onConnected(() => {
      unfollow();
      resolve();
    });
  });
}
