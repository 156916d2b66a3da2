import type { Refusal } from "../api/outcome";

/** Each problem begins with its place in the definition. */
export function withPlaces(refusal: Refusal): Refusal {
  if (refusal.problems.length === 0) return refusal;
  const problems = refusal.problems.map((problem) => {
    const place = problem.path.slice(1).join(".");
    return place ? { ...problem, message: `${place}: ${problem.message}` } : problem;
  });
  return { ...refusal, message: "The definition is not valid.", problems };
}
