// All acquisitions in a row: drag, step or play through them; above, the phases of what was built and what was reported.
import { useEffect, useRef, useState } from "preact/hooks";
import { PHASE } from "../colours";
import * as s from "../state";
import { dateWords, day } from "../words";

const PAD = 18;
const LANE = 15;
const MOST_LANES = 40;

export function Timeline() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  const [open, setOpen] = useState(true);
  useEffect(() => {
    const sized = new ResizeObserver(([entry]) => setWidth(Math.max(200, entry!.contentRect.width)));
    sized.observe(box.current!);
    return () => sized.disconnect();
  }, []);
  const times = s.times.value;
  const span = s.span.value;
  if (!span) {
    return (
      <section class="timeline" aria-label="Timeline">
        <div ref={box} class="rail">
          <p class="empty">No images yet: add some with <code>sitewatch add</code>, then <code>sitewatch update</code>.</p>
        </div>
      </section>
    );
  }
  const [first, last] = [day(span[0]), day(span[1])];
  const x = (d: number) => PAD + ((d - first) / Math.max(1, last - first)) * (width - 2 * PAD);
  const lanes = s.shown.value.filter((f) => f.properties.onset_latest && f.properties.status !== "rejected").slice(0, MOST_LANES);
  const events = s.site.value!.events.filter((e) => e.begins);
  const two = s.swipe.value || s.layer.value === "difference";

  const seek = (e: PointerEvent | MouseEvent, asBefore: boolean) => {
    const left = box.current!.getBoundingClientRect().left;
    const wanted = first + ((e.clientX - left - PAD) / (width - 2 * PAD)) * (last - first);
    let best = 0;
    times.forEach((t, i) => {
      if (Math.abs(day(t) - wanted) < Math.abs(day(times[best]!) - wanted)) best = i;
    });
    if (asBefore) s.before.value = best;
    else s.index.value = best;
  };
  const drag = (e: PointerEvent) => {
    if ((e.currentTarget as Element).hasPointerCapture(e.pointerId)) seek(e, e.shiftKey && two);
  };
  return (
    <section class="timeline" aria-label="Timeline">
      <div class="play">
        <button type="button" class="round" aria-label={s.playing.value ? "Pause" : "Play"} title="Play through all images (space)" onClick={() => (s.playing.value = !s.playing.value)}>
          {s.playing.value ? "❚❚" : "▶"}
        </button>
        <button type="button" aria-label="Image before" title="Image before (←)" onClick={() => s.step(-1)}>
          ‹
        </button>
        <button type="button" aria-label="Next image" title="Next image (→)" onClick={() => s.step(1)}>
          ›
        </button>
        <output class="date" data-testid="date">
          {dateWords(s.now.value)}
          <small>
            {s.index.value + 1} of {times.length}
          </small>
        </output>
        {lanes.length + events.length > 0 && (
          <button type="button" class="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? "Hide phases" : "Show phases"}
          </button>
        )}
      </div>
      <div ref={box} class="rail">
        {open && lanes.length + events.length > 0 && (
          <div class="lanes">
            <svg width={width} height={(events.length ? LANE : 0) + lanes.length * LANE + 2} role="img" aria-label="Phases of the structures and reported events">
              {events.map((e) => (
                <g key={e.name + e.begins} class="event">
                  <path d={`M${x(day(e.begins!))} 2 l4 4 -4 4 -4 -4z`} />
                  <text x={x(day(e.begins!)) + 7} y={10}>
                    {e.name}
                  </text>
                  <title>{`${dateWords(e.begins)}: ${e.name} (${e.source})`}</title>
                </g>
              ))}
              {lanes.map((f, i) => {
                const p = f.properties;
                const top = (events.length ? LANE : 0) + i * LANE + 3;
                const spans = p.phases.length ? p.phases : [[p.onset_latest!, "Active Construction", null] as const];
                return (
                  <g key={p.id} class={p.id === s.selected.value ? "lane here" : "lane"} onClick={() => s.select(p.id)}>
                    <rect class="hit" x={0} y={top - 2} width={width} height={LANE - 1} />
                    {spans.map(([date, name], k) => {
                      const from = x(Math.max(first, day(date)));
                      const to = spans[k + 1] ? x(day(spans[k + 1]![0])) : x(last);
                      return <rect key={date} x={from} y={top + 2} width={Math.max(1.5, to - from)} height={LANE - 9} rx={1.5} fill={PHASE[name] ?? "#777"} opacity={name === "No Activity" ? 0.35 : 1} />;
                    })}
                    {p.onset_earliest && <path class="bracket" d={`M${x(day(p.onset_earliest))} ${top} v9 M${x(day(p.onset_latest!))} ${top} v9`} />}
                    <Name at={x(day(p.onset_earliest ?? p.onset_latest!))} end={x(day(p.onset_latest!))} y={top + 8} text={`${p.id} ${p.kind}`} />
                    <title>{`${p.id}, ${p.kind}: ${spans.map(([d, n]) => `${n} from ${dateWords(d)}`).join("; ")}`}</title>
                  </g>
                );
              })}
            </svg>
          </div>
        )}
        <svg
          class="scrub"
          width={width}
          height={42}
          role="slider"
          tabIndex={0}
          aria-label="Acquisition shown"
          aria-valuemin={1}
          aria-valuemax={times.length}
          aria-valuenow={s.index.value + 1}
          aria-valuetext={dateWords(s.now.value)}
          data-testid="slider"
          onPointerDown={(e) => {
            (e.currentTarget as Element).setPointerCapture(e.pointerId);
            s.playing.value = false;
            seek(e, e.shiftKey && two);
          }}
          onPointerMove={drag}
        >
          <line class="line" x1={PAD} x2={width - PAD} y1={16} y2={16} />
          <path class="ticks" d={times.map((t) => `M${x(day(t)).toFixed(1)} 11v10`).join("")} />
          <Axis first={first} last={last} x={x} />
          {two && s.beforeTime.value && (
            <g class="thumb early" transform={`translate(${x(day(s.beforeTime.value))} 16)`}>
              <path d="M0 -9 L6 0 L0 9 L-6 0Z" />
            </g>
          )}
          {s.now.value && (
            <g class="thumb" transform={`translate(${x(day(s.now.value))} 16)`}>
              <circle r={8} />
            </g>
          )}
        </svg>
      </div>
    </section>
  );
}

function Axis({ first, last, x }: { first: number; last: number; x: (d: number) => number }) {
  const marks: { at: number; text: string; year: boolean }[] = [];
  const begin = new Date(first * 86_400_000);
  const months = (last - first) / 30.4;
  const every = months > 60 ? 12 : months > 30 ? 6 : months > 14 ? 3 : 1;
  for (let m = begin.getUTCFullYear() * 12; m < 40_000; m += every) {
    const at = Date.UTC(Math.floor(m / 12), m % 12, 1) / 86_400_000;
    if (at > last) break;
    const year = m % 12 === 0;
    if (at >= first) marks.push({ at, year, text: year ? `${Math.floor(m / 12)}` : new Date(at * 86_400_000).toLocaleString("en", { month: "short", timeZone: "UTC" }) });
  }
  return (
    <g class="marks">
      {marks.map((m) => (
        <text key={m.at} x={x(m.at)} y={38} text-anchor="middle" class={m.year ? "year" : ""}>
          {m.text}
        </text>
      ))}
    </g>
  );
}

// Left of the beginning, or right of it where there is no room.
function Name({ at, end, y, text }: { at: number; end: number; y: number; text: string }) {
  const left = at - 6 > text.length * 6;
  return (
    <text x={left ? at - 6 : end + 6} y={y} text-anchor={left ? "end" : "start"}>
      {text}
    </text>
  );
}
