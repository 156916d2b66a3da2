import { type FormEvent, type ReactNode, useId, useLayoutEffect, useRef, useState } from "react";
import type { Refusal } from "../api/outcome";
import { RefusalNote } from "./states";

/** A dialog that is open as long as it is rendered. Escape and its own buttons close it. */
function Dialog({
  title,
  large,
  close,
  children,
}: {
  title: string;
  large?: boolean;
  close: () => void;
  children: ReactNode;
}) {
  const shown = useRef<HTMLDialogElement>(null);
  // Closed while it is still there, it gives the focus back to where it was.
  useLayoutEffect(() => {
    const dialog = shown.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={shown} className={large ? "large" : ""} aria-label={title} onCancel={close}>
      {children}
    </dialog>
  );
}

/** A dialog with something to fill in. `children` are its fields. */
export function FormDialog({
  title,
  verb,
  large,
  destroys,
  cancel = "Cancel",
  disabled,
  refusal,
  submit,
  close,
  children,
}: {
  title: string;
  verb: string;
  large?: boolean;
  destroys?: boolean;
  cancel?: string;
  disabled: boolean;
  refusal: Refusal | null;
  submit: () => void;
  close: () => void;
  children: ReactNode;
}) {
  function send(event: FormEvent) {
    event.preventDefault();
    if (!disabled) submit();
  }
  return (
    <Dialog title={title} close={close} large={large}>
      <form onSubmit={send} autoComplete="off">
        <h2>{title}</h2>
        {children}
        <RefusalNote refusal={refusal} />
        <div className="row apart">
          <button type="button" className="button" onClick={close}>
            {cancel}
          </button>
          <button type="submit" className={`button ${destroys ? "danger" : "first"}`} disabled={disabled}>
            {verb}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Something to type before a deed that cannot be undone: a name, or how many clusters it affects. */
export function Typed({
  expected,
  typed,
  change,
}: {
  expected: string;
  typed: string;
  change: (typed: string) => void;
}) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        Type <code>{expected}</code> to confirm
      </label>
      <input
        id={id}
        className="input mono"
        value={typed}
        autoComplete="off"
        onChange={(event) => change(event.target.value)}
      />
    </div>
  );
}

/** Asks for the name of what is to be destroyed before it is. `children` says what that means. */
export function Destroy({
  title,
  name,
  verb,
  fetching,
  refusal,
  close,
  destroy,
  children,
}: {
  title: string;
  name: string;
  verb: string;
  fetching: boolean;
  refusal: Refusal | null;
  close: () => void;
  destroy: () => void;
  children: ReactNode;
}) {
  const [typed, setTyped] = useState("");
  return (
    <FormDialog
      title={title}
      verb={verb}
      destroys
      cancel="Cancel"
      disabled={typed !== name || fetching}
      refusal={refusal}
      submit={destroy}
      close={close}
    >
      {children}
      <Typed expected={name} typed={typed} change={setTyped} />
    </FormDialog>
  );
}
