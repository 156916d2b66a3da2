import { type KeyboardEvent, type ReactNode, useId } from "react";

/** `disabled` is the reason why a tab cannot be chosen. */
type Tab = { key: string; label: ReactNode; disabled?: string };

/** Tabs by the pattern of the ARIA guide: the arrow keys go from one to the next. */
export function Tabs({
  tabs,
  chosen,
  choose,
  label,
  children,
}: {
  tabs: Tab[];
  chosen: string;
  choose: (key: string) => void;
  label: string;
  children: ReactNode;
}) {
  const id = useId();
  function move(event: KeyboardEvent) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const open = tabs.filter((tab) => !tab.disabled || tab.key === chosen);
    const at = open.findIndex((tab) => tab.key === chosen);
    const next = open[(at + step + open.length) % open.length]!;
    choose(next.key);
    document.getElementById(`${id}-${next.key}`)?.focus();
  }
  return (
    <>
      <div className="tabs" role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map((tab) => (
          <button
            key={tab.key}
            id={`${id}-${tab.key}`}
            type="button"
            role="tab"
            aria-selected={tab.key === chosen}
            aria-controls={`${id}-panel`}
            aria-disabled={tab.disabled ? true : undefined}
            title={tab.disabled}
            tabIndex={tab.key === chosen ? 0 : -1}
            onClick={() => tab.disabled || choose(tab.key)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${chosen}`} className="stack">
        {children}
      </div>
    </>
  );
}
