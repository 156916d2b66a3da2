/** A recurrence rule as a form has it: daily, on days of the week, or as it is written. */

export type Repeat = "daily" | "weekly" | "custom";
export type RuleDraft = { repeat: Repeat; days: string[]; rule: string };

export const DAYS = [
  ["MO", "Monday"],
  ["TU", "Tuesday"],
  ["WE", "Wednesday"],
  ["TH", "Thursday"],
  ["FR", "Friday"],
  ["SA", "Saturday"],
  ["SU", "Sunday"],
] as const;
const WORKING_DAYS = ["MO", "TU", "WE", "TH", "FR"];
const WEEKLY = /^FREQ=WEEKLY;BYDAY=((?:MO|TU|WE|TH|FR|SA|SU)(?:,(?:MO|TU|WE|TH|FR|SA|SU))*)$/;

export function draftOf(rule: string | undefined): RuleDraft {
  if (rule === undefined) return { repeat: "weekly", days: WORKING_DAYS, rule: "" };
  const weekly = WEEKLY.exec(rule);
  if (weekly) return { repeat: "weekly", days: weekly[1]!.split(","), rule };
  return { repeat: rule === "FREQ=DAILY" ? "daily" : "custom", days: WORKING_DAYS, rule };
}

export function ruleOf({ repeat, days, rule }: RuleDraft): string {
  if (repeat === "daily") return "FREQ=DAILY";
  if (repeat === "custom") return rule.trim();
  const chosen = DAYS.map(([day]) => day).filter((day) => days.includes(day));
  return `FREQ=WEEKLY;BYDAY=${chosen.join(",")}`;
}
