const END = 8;

/** A name that is cut in its middle where there is no room for it, so that names with an equal beginning stay different. */
export function Name({ children }: { children: string }) {
  if (children.length <= 2 * END) return <>{children}</>;
  return (
    <span className="cut" title={children}>
      <span className="hidden">{children}</span>
      <span className="start" aria-hidden="true">
        {children.slice(0, -END)}
      </span>
      <span aria-hidden="true">{children.slice(-END)}</span>
    </span>
  );
}
