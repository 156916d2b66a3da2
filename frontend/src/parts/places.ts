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

/** What is wrong with one field of the input. */
export function problemsAt(refusal: Refusal | null, field: string): string[] {
  if (!refusal) return [];
  const found = refusal.problems.filter((problem) => problem.path[0] === field);
  if (found.length > 0) return found.map((problem) => problem.message);
  return refusal.problems.length === 0 && refusal.path[0] === field ? [refusal.message] : [];
}

/** What is wrong apart from the fields that show it themselves. */
export function elsewhere(refusal: Refusal | null, fields: readonly string[]): Refusal | null {
  if (!refusal) return null;
  const problems = refusal.problems.filter((problem) => !fields.includes(problem.path[0] ?? ""));
  if (problems.length > 0) return { ...refusal, message: problems[0]!.message, problems };
  const isInPlace = refusal.problems.length > 0 || fields.includes(refusal.path[0] ?? "");
  return isInPlace ? null : refusal;
}
