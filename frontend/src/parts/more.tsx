/** Where a list goes on. */
export function More({
  pages,
  words,
}: {
  pages: { asked: { data?: unknown[] }; more: boolean; see: (first: number, last: number) => void };
  words: string;
}) {
  if (!pages.more) return null;
  return (
    <div className="blank">
      <button type="button" className="button" onClick={() => pages.see(0, pages.asked.data?.length ?? 0)}>
        {words}
      </button>
    </div>
  );
}
