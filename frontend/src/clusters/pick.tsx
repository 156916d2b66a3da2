import { useId } from "react";

export const DISTRIBUTIONS = ["eks", "gke", "aks", "pke", "k3s", "kubeadm", "other"];

/** A field with one of a few options. */
export function Pick({
  label,
  value,
  options,
  change,
}: {
  label: string;
  value: string;
  options: string[];
  change: (value: string) => void;
}) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} className="input" value={value} onChange={(event) => change(event.target.value)}>
        {options.map((option) => (
          <option key={option}>{option}</option>
        ))}
      </select>
    </div>
  );
}
