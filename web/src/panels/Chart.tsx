// Backscatter and growth through time; every point leads to its image.
import { useMemo, useState } from "preact/hooks";
import type { FullProperties, Series } from "../api";
import { PHASE, TRACKS } from "../colours";
import * as s from "../state";
import { dateWords, day } from "../words";

const W = 360;
const LEFT = 34;
const RIGHT = 8;

interface Frame {
  x: (d: number) => number;
  first: number;
  last: number;
}

function ticksOf(first: number, last: number): { at: number; text: string }[] {
  const date = (d: number) => new Date(d * 86_400_000);
  const years = (last - first) / 365;
  const every = years > 6 ? 24 : years > 2.5 ? 12 : years > 1 ? 6 : 2;
  const out: { at: number; text: string }[] = [];
  const begin = date(first);
  for (let m = begin.getUTCFullYear() * 12; ; m += every) {
    const at = Date.UTC(Math.floor(m / 12), m % 12, 1) / 86_400_000;
    if (at > last) return out;
    if (at >= first) out.push({ at, text: m % 12 === 0 ? `${Math.floor(m / 12)}` : `${date(at).toLocaleString("en", { month: "short", timeZone: "UTC" })}` });
  }
}

function pick(track: string, time: string, asBefore: boolean) {
  if (track !== s.track.value?.name) s.setTrack(track);
  const at = s.times.value.indexOf(time);
  if (at < 0) return;
  if (asBefore) s.before.value = at;
  else s.index.value = at;
}

export function Chart({ series, properties }: { series: Series[]; properties: FullProperties | null }) {
  const bands = [...new Set(series.map((one) => one.polarisation))];
  const [chosen, setChosen] = useState("");
  const band = bands.includes(chosen) ? chosen : bands.includes(s.band.value) ? s.band.value : (bands[0] ?? "");
  const [hover, setHover] = useState<{ x: number; text: string } | null>(null);
  const curves = series.filter((one) => one.polarisation === band);
  const frame = useMemo<Frame>(() => {
    const days = series.flatMap((one) => [one.times[0], one.times.at(-1)]).filter(Boolean).map((t) => day(t!));
    const [first, last] = [Math.min(...days), Math.max(...days)];
    return { first, last, x: (d) => LEFT + ((d - first) / Math.max(1, last - first)) * (W - LEFT - RIGHT) };
  }, [series]);
  if (!curves.length) return <p class="empty">No image of any track shows this place.</p>;

  const values = curves.flatMap((one) => [...(one.footprint_db ?? one.db ?? []), ...(one.surroundings_db ?? [])]).filter((v) => v !== null);
  const [low, high] = [Math.floor(Math.min(...values) - 0.5), Math.ceil(Math.max(...values) + 0.5)];
  const H = 150;
  const y = (v: number) => 10 + ((high - v) / Math.max(1, high - low)) * (H - 30);
  const cursor = s.now.value ? frame.x(day(s.now.value)) : null;
  const early = s.swipe.value || s.layer.value === "difference" ? s.beforeTime.value : null;
  const p = properties;

  return (
    <figure class="chart">
      <figcaption>
        <b>
          Backscatter <small>dB</small>
        </b>
        <span class="chips" role="group" aria-label="Polarisation">
          {bands.map((one) => (
            <button type="button" key={one} aria-pressed={one === band} onClick={() => setChosen(one)}>
              {one}
            </button>
          ))}
        </span>
      </figcaption>
      <svg viewBox={`0 0 ${W} ${H}`} role="img" aria-label={`Backscatter in ${band}, dB, from ${dateWords(curves[0]!.times[0])} to ${dateWords(curves[0]!.times.at(-1))}`}>
        {p?.onset_earliest && p.onset_latest && <Band frame={frame} from={p.onset_earliest} to={p.onset_latest} h={H - 20} name="onset" />}
        {p?.completion_earliest && p.completion_latest && <Band frame={frame} from={p.completion_earliest} to={p.completion_latest} h={H - 20} name="completion" />}
        {[low, (low + high) / 2, high].map((v) => (
          <g key={v} class="grid">
            <line x1={LEFT} x2={W - RIGHT} y1={y(v)} y2={y(v)} />
            <text x={LEFT - 5} y={y(v) + 3} text-anchor="end">
              {v.toFixed(Number.isInteger(v) ? 0 : 1).replace("-", "−")}
            </text>
          </g>
        ))}
        {ticksOf(frame.first, frame.last).map((t) => (
          <text key={t.at} class="axis" x={frame.x(t.at)} y={H - 6} text-anchor="middle">
            {t.text}
          </text>
        ))}
        {early && <line class="cursor early" x1={frame.x(day(early))} x2={frame.x(day(early))} y1={6} y2={H - 20} />}
        {cursor !== null && <line class="cursor" x1={cursor} x2={cursor} y1={6} y2={H - 20} />}
        {curves.map((one, i) => {
          const colour = TRACKS[i % TRACKS.length]!;
          const inside = one.footprint_db ?? one.db ?? [];
          return (
            <g key={one.track}>
              {one.surroundings_db && <path class="around" d={pathOf(one.times, one.surroundings_db, frame, y)} />}
              <path class="curve" stroke={colour} d={pathOf(one.times, inside, frame, y)} />
              {inside.map((v, k) => {
                if (v === null) return null;
                const time = one.times[k]!;
                const here = time === s.now.value && one.track === s.track.value?.name;
                return (
                  <circle
                    key={time}
                    class={here ? "dot here" : "dot"}
                    cx={frame.x(day(time))}
                    cy={y(v)}
                    r={here ? 4 : 2.4}
                    fill={colour}
                    onMouseEnter={() => setHover({ x: frame.x(day(time)), text: `${dateWords(time)}: ${v.toFixed(1).replace("-", "−")} dB` })}
                    onMouseLeave={() => setHover(null)}
                    onClick={(e) => pick(one.track, time, e.shiftKey)}
                  />
                );
              })}
            </g>
          );
        })}
        {hover && (
          <text class="hover" x={Math.min(Math.max(hover.x, 90), W - 80)} y={9} text-anchor="middle">
            {hover.text}
          </text>
        )}
      </svg>
      {curves.length > 1 && (
        <ul class="key">
          {curves.map((one, i) => (
            <li key={one.track} style={{ "--c": TRACKS[i % TRACKS.length]! }}>
              {one.label}
            </li>
          ))}
        </ul>
      )}
      {curves[0]!.surroundings_db && <p class="note">Thin line: the ground around it. Click a point to see its image, with Shift as the earlier one.</p>}
      {p && p.growth.length > 0 && <Growth frame={frame} p={p} />}
    </figure>
  );
}

function Growth({ frame, p }: { frame: Frame; p: FullProperties }) {
  const H = 108;
  const y = (v: number) => 8 + (1 - v) * (H - 40);
  const points = p.growth
    .map(([date, fraction], i) => ({ d: day(date), date, v: fraction, sd: p.growth_sd[i] ?? 0, track: p.growth_track[i] ?? "" }))
    .filter((one) => one.v !== null)
    .sort((a, b) => a.d - b.d) as { d: number; date: string; v: number; sd: number; track: string }[];
  const clip = (v: number) => Math.max(0, Math.min(1, v));
  const top = points.map((one) => `${frame.x(one.d).toFixed(1)},${y(clip(one.v + 2 * one.sd)).toFixed(1)}`);
  const low = points.map((one) => `${frame.x(one.d).toFixed(1)},${y(clip(one.v - 2 * one.sd)).toFixed(1)}`).reverse();
  const seek = (one: (typeof points)[number], early: boolean) => {
    const track = s.site.value?.tracks.find((t) => t.key === one.track || t.name === one.track) ?? s.track.value;
    const time = track?.times.find((t) => t.startsWith(one.date));
    if (track && time) pick(track.name, time, early);
  };
  const cursor = s.now.value ? frame.x(day(s.now.value)) : null;
  return (
    <>
      <figcaption>
        <b>Growth</b>
        <span class="note">share that stands, ± 2 sd</span>
      </figcaption>
      <svg viewBox={`0 0 ${W} ${H}`} role="img" aria-label="Share of the final extent that stands, by date">
        {[0, 0.5, 1].map((v) => (
          <g key={v} class="grid">
            <line x1={LEFT} x2={W - RIGHT} y1={y(v)} y2={y(v)} />
            <text x={LEFT - 5} y={y(v) + 3} text-anchor="end">
              {v * 100}%
            </text>
          </g>
        ))}
        <polygon class="spread" points={[...top, ...low].join(" ")} />
        <path class="curve" stroke="#e69f00" d={points.map((one, i) => `${i ? "L" : "M"}${frame.x(one.d).toFixed(1)} ${y(one.v).toFixed(1)}`).join("")} />
        {cursor !== null && <line class="cursor" x1={cursor} x2={cursor} y1={4} y2={H - 32} />}
        {points.map((one) => (
          <circle key={`${one.date}${one.track}`} class="dot" cx={frame.x(one.d)} cy={y(one.v)} r={2.2} fill="#e69f00" onClick={(e) => seek(one, e.shiftKey)}>
            <title>{`${dateWords(one.date)}: ${(one.v * 100).toFixed(0)} %`}</title>
          </circle>
        ))}
        <Phases frame={frame} phases={p.phases} y={H - 24} />
      </svg>
      <ul class="key phases">
        {[...new Set(p.phases.map((one) => one[1]))].map((name) => (
          <li key={name} style={{ "--c": PHASE[name] ?? "#777" }}>
            {name}
          </li>
        ))}
      </ul>
    </>
  );
}

function Phases({ frame, phases, y }: { frame: Frame; phases: FullProperties["phases"]; y: number }) {
  return (
    <g>
      {phases.map(([date, name], i) => {
        const from = frame.x(day(date));
        const to = phases[i + 1] ? frame.x(day(phases[i + 1]![0])) : frame.x(frame.last);
        return (
          <rect key={date} x={from} y={y} width={Math.max(1, to - from)} height={8} rx={1.5} fill={PHASE[name] ?? "#777"}>
            <title>{`${name} from ${dateWords(date)}`}</title>
          </rect>
        );
      })}
    </g>
  );
}

function Band({ frame, from, to, h, name }: { frame: Frame; from: string; to: string; h: number; name: string }) {
  const [a, b] = [frame.x(Math.max(frame.first, day(from))), frame.x(Math.min(frame.last, day(to)))];
  return (
    <rect class={`interval ${name}`} x={a} y={6} width={Math.max(2, b - a)} height={h - 6}>
      <title>{`${name}: ${dateWords(from)} to ${dateWords(to)}`}</title>
    </rect>
  );
}

function pathOf(times: string[], values: (number | null)[], frame: Frame, y: (v: number) => number): string {
  let pen = "M";
  return values
    .map((v, i) => {
      if (v === null) {
        pen = "M";
        return "";
      }
      const at = `${pen}${frame.x(day(times[i]!)).toFixed(1)} ${y(v).toFixed(1)}`;
      pen = "L";
      return at;
    })
    .join("");
}
