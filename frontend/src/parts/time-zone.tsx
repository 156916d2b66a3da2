import { Field } from "./field";

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone")];

export const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A time zone, with the known ones as suggestions. */
export function TimeZoneField({
  id,
  problems,
  value,
  change,
}: {
  id: string;
  problems: string[];
  value: string;
  change: (zone: string) => void;
}) {
  return (
    <Field id={id} label="Time zone" problems={problems}>
      {(props) => (
        <>
          <input
            {...props}
            required
            list={`${id}-zones`}
            value={value}
            onChange={(event) => change(event.target.value)}
          />
          <datalist id={`${id}-zones`}>
            {ZONES.map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}
