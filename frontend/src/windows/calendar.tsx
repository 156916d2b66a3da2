import {
  addDays,
  addMonths,
  monthOf,
  type Opening,
  type Piece,
  piecesOn,
  textOf,
  type View,
  weekOf,
} from "./days";

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const WEEK_DAY = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const MONTH = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric" });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A month or a week, with the windows that are open on each day. */
export function Calendar({
  view,
  day,
  today,
  windows,
  go,
}: {
  view: View;
  day: Date;
  today: Date;
  windows: readonly Opening[];
  go: (day: Date) => void;
}) {
  const isWeek = view === "week";
  const weeks = isWeek ? [weekOf(day)] : monthOf(day);
  const step = (count: number) => go(isWeek ? addDays(day, 7 * count) : addMonths(day, count));
  const title = isWeek ? `Week of ${DATE.format(weeks[0]![0]!)}` : MONTH.format(day);
  return (
    <>
      <div className="row apart">
        <h2 aria-live="polite">{title}</h2>
        <span className="row">
          <button type="button" className="button slim" onClick={() => step(-1)}>
            Previous {view}
          </button>
          <button type="button" className="button slim" onClick={() => go(today)}>
            Today
          </button>
          <button type="button" className="button slim" onClick={() => step(1)}>
            Next {view}
          </button>
        </span>
      </div>
      <div className="calendar" tabIndex={0} role="region" aria-label={title}>
        <table className={isWeek ? "of-week" : "of-month"}>
          <caption className="hidden">{title}</caption>
          <thead>
            <tr>
              {weeks[0]!.map((one) => (
                <th key={one.getTime()} scope="col">
                  {WEEK_DAY.format(one)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {weeks.map((week) => (
              <tr key={week[0]!.getTime()}>
                {week.map((one) => (
                  <Day
                    key={one.getTime()}
                    day={one}
                    pieces={piecesOn(one, windows)}
                    isToday={one.getTime() === today.getTime()}
                    isFaint={!isWeek && one.getMonth() !== day.getMonth()}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="soft small">Times in {ZONE}.</p>
    </>
  );
}

function Day({
  day,
  pieces,
  isToday,
  isFaint,
}: {
  day: Date;
  pieces: Piece[];
  isToday: boolean;
  isFaint: boolean;
}) {
  return (
    <td className={isFaint ? "faint" : undefined} aria-current={isToday ? "date" : undefined}>
      <time dateTime={textOf(day)}>
        <span aria-hidden="true">{day.getDate()}</span>
        <span className="hidden">{DATE.format(day)}</span>
      </time>
      {pieces.length > 0 && (
        <ul>
          {pieces.map((piece) => (
            <li key={`${piece.name} ${piece.start.getTime()}`} className="piece" data-kind={piece.kind}>
              <b>
                {piece.kind === "DENY" ? "No changes" : "Changes"}: {piece.name}
              </b>{" "}
              <span>{hoursOf(piece)}</span>
            </li>
          ))}
        </ul>
      )}
    </td>
  );
}

function hoursOf({ from, until }: Piece): string {
  if (from && until) return `${TIME.format(from)} – ${TIME.format(until)}`;
  if (from) return `from ${TIME.format(from)}`;
  return until ? `until ${TIME.format(until)}` : "all day";
}
