// What there is at the site: structures, the queue of candidates, and what was said of the whole.
import { useEffect, useRef, useState } from "preact/hooks";
import { getAlerts, getFindings, getRuns } from "../api";
import type { Alert, Finding, Run, StructureFeature } from "../api";
import { STATUS, onsetColour } from "../colours";
import * as s from "../state";
import { counted, dateWords, interval, measure } from "../words";

const ROW = 62;

export function Sidebar() {
  const counts = s.site.value!.structures;
  const TABS: [s.Tab, string, number | null][] = [
    ["structures", "Structures", null],
    ["queue", "To review", s.queue.value.length],
    ["site", "Site", null],
  ];
  return (
    <aside class={s.drawer.value ? "sidebar open" : "sidebar"} aria-label="What there is at the site">
      <div class="summary">
        <Count n={counts.confirmed} word="confirmed" />
        <Count n={counts.candidate} word="candidate" />
        <Count n={counts.rejected} word="rejected" />
      </div>
      <div class="tabs" role="tablist">
        {TABS.map(([id, text, n]) => (
          <button type="button" role="tab" key={id} aria-selected={s.tab.value === id} onClick={() => (s.tab.value = id)}>
            {text}
            {n !== null && n > 0 && <em>{n}</em>}
          </button>
        ))}
      </div>
      {s.tab.value === "structures" && <Structures />}
      {s.tab.value === "queue" && <Queue />}
      {s.tab.value === "site" && <About />}
    </aside>
  );
}

function Count({ n, word }: { n: number; word: keyof typeof STATUS }) {
  return (
    <div style={{ "--c": STATUS[word] }}>
      <b>{n.toLocaleString("en")}</b>
      <span>{word}</span>
    </div>
  );
}

function Structures() {
  const [words, setWords] = useState("");
  const found = s.shown.value.filter((f) => {
    const p = f.properties;
    return !words || `${p.id} ${p.kind} ${p.status} ${p.onset_latest ?? ""}`.toLowerCase().includes(words.toLowerCase());
  });
  return (
    <>
      <div class="filter">
        <input type="search" placeholder="Find" aria-label="Find structures by name, kind, status or date" value={words} onInput={(e) => setWords(e.currentTarget.value)} />
        <label>
          <input type="checkbox" checked={s.showRejected.value} onChange={(e) => (s.showRejected.value = e.currentTarget.checked)} /> rejected
        </label>
      </div>
      {found.length ? <List features={found} /> : <Nothing filtered={words !== ""} />}
    </>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  if (filtered) return <p class="empty">Nothing fits. Clear the search, or show rejected ones too.</p>;
  const site = s.site.value!;
  if (!site.runs) return <p class="empty">Nothing was computed yet. Run <code>sitewatch update</code>, or “Look for new images” under Site.</p>;
  return (
    <p class="empty">
      No sign of construction in {counted(site.images, "image")}. {site.structures.rejected > 0 && "What was rejected, and why, shows with the box above."}
    </p>
  );
}

function Queue() {
  const list = s.queue.value;
  if (!list.length) return <p class="empty">Nothing waits for you: every candidate was reviewed. New ones come with new images.</p>;
  return (
    <>
      <p class="keys">
        <kbd>j</kbd> <kbd>k</kbd> next, previous · <kbd>c</kbd> confirm · <kbd>r</kbd> reject · <kbd>u</kbd> undo · <kbd>?</kbd> all keys
      </p>
      <List features={list} />
    </>
  );
}

// Of a long list only what is in sight is in the page.
function List({ features }: { features: StructureFeature[] }) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const look = () => box.current && setView({ top: box.current.scrollTop, height: box.current.clientHeight });
  useEffect(() => {
    look();
    const sized = new ResizeObserver(look);
    sized.observe(box.current!);
    return () => sized.disconnect();
  }, []);
  const chosen = s.selected.value;
  useEffect(() => {
    const place = features.findIndex((f) => f.properties.id === chosen);
    const el = box.current;
    if (place < 0 || !el) return;
    if (place * ROW < el.scrollTop || (place + 1) * ROW > el.scrollTop + el.clientHeight) el.scrollTop = place * ROW - el.clientHeight / 3;
  }, [chosen]);
  const from = Math.max(0, Math.floor(view.top / ROW) - 4);
  const to = Math.min(features.length, Math.ceil((view.top + view.height) / ROW) + 4);
  return (
    <div class="list" ref={box} onScroll={look} role="listbox" aria-label={counted(features.length, "structure")} tabIndex={-1}>
      <div style={{ height: `${features.length * ROW}px`, position: "relative" }}>
        {features.slice(from, to).map((f, i) => (
          <Row key={f.properties.id} feature={f} top={(from + i) * ROW} />
        ))}
      </div>
    </div>
  );
}

// Told apart by shape as well as by colour.
const MARK = { confirmed: "●", candidate: "○", rejected: "×" } as const;

function Row({ feature, top }: { feature: StructureFeature; top: number }) {
  const p = feature.properties;
  const span = s.span.value;
  const colour = s.colourBy.value === "onset" && span ? onsetColour(p.onset_latest, span[0], span[1]) : STATUS[p.status];
  return (
    <button
      type="button"
      role="option"
      class="row"
      aria-selected={s.selected.value === p.id}
      style={{ top: `${top}px`, height: `${ROW - 6}px`, "--c": colour }}
      onClick={() => {
        s.select(p.id, true);
        s.drawer.value = false;
      }}
    >
      <span class="name">
        <i class="mark" role="img" aria-label={p.status} title={p.status}>
          {MARK[p.status]}
        </i>
        <b>{p.id}</b> {p.kind}
        {p.reviewed.length > 0 && (
          <i class="seen" role="img" title={`reviewed: ${p.reviewed.join(", ")}`} aria-label="reviewed">
            ✓
          </i>
        )}
      </span>
      <span class="when">{p.status === "rejected" ? p.reason || "rejected" : `begun ${interval(p.onset_earliest, p.onset_latest)}`}</span>
      <span class="size">{measure(p.area_m2, p.area_m2_sd, "m²")}</span>
    </button>
  );
}

function About() {
  const site = s.site.value!;
  const [told, setTold] = useState<{ alerts: Alert[]; findings: Finding[]; runs: Run[] } | null>(null);
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    Promise.all([getAlerts(site.id), getFindings(site.id), getRuns(site.id)])
      .then(([a, f, r]) => setTold({ alerts: a.alerts, findings: f.findings, runs: r.runs }))
      .catch((error: Error) => setTrouble(error.message));
  }, [site.id, s.news.value]);
  return (
    <div class="about">
      <dl>
        <dt>Images</dt>
        <dd>
          {site.images.toLocaleString("en")} from {dateWords(site.first_image)} to {dateWords(site.last_image)}
        </dd>
        {site.tracks.map((t) => (
          <div key={t.name}>
            <dt>Track</dt>
            <dd>
              {t.label}: {counted(t.times.length, "image")}, {t.polarisations.join(" ")}, {t.quantity}
            </dd>
          </div>
        ))}
        <dt>Reviewed</dt>
        <dd>{counted(site.reviewed, "structure")}</dd>
        <dt>Last run</dt>
        <dd>{site.last_run ? dateWords(site.last_run) : "none yet"}</dd>
      </dl>
      <button type="button" class="wide" disabled={s.progress.value !== null} onClick={() => void s.update()}>
        {s.progress.value ? `${s.progress.value.text} …` : "Look for new images"}
      </button>
      {trouble && <p class="empty bad">{trouble}</p>}
      {!told && !trouble && <p class="empty">Reading the record …</p>}
      {told && (
        <>
          <h3>Alerts</h3>
          {told.alerts.length ? (
            <ul class="said">
              {[...told.alerts].reverse().map((a) => (
                <li key={a.key}>
                  <time>{dateWords(a.raised)}</time> <Linked name={a.structure} text={a.text} />
                </li>
              ))}
            </ul>
          ) : (
            <p class="empty">None so far.</p>
          )}
          <h3>Findings</h3>
          {told.findings.length ? (
            <ul class="said">
              {told.findings.map((f) => (
                <li key={f.id}>
                  <span class={`basis ${f.kind}`}>{f.kind}</span>{" "}
                  <Linked name={f.structures[0] ?? null} text={f.text} />
                  {f.confidence && <small>{f.confidence}</small>}
                  {f.source && <small>Source: {f.source}</small>}
                  {f.changed.length > 0 && <small>The evidence below it changed: {f.changed.join("; ")}</small>}
                </li>
              ))}
            </ul>
          ) : (
            <p class="empty">No statements in the record yet.</p>
          )}
          <h3>Runs</h3>
          <ul class="said">
            {[...told.runs].reverse().map((r) => (
              <li key={r.number}>
                <time>{dateWords(r.finished)}</time> run {r.number} by {r.by}: {counted(r.scenes, "image")},{" "}
                {Object.entries(r.counts)
                  .map(([status, n]) => `${n} ${status}`)
                  .join(", ") || "nothing found"}
                {r.notes.length > 0 && (
                  <details>
                    <summary>{counted(r.notes.length, "note")}</summary>
                    {r.notes.map((note) => (
                      <p key={note}>{note}</p>
                    ))}
                  </details>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function Linked({ name, text }: { name: string | null; text: string }) {
  if (!name) return <>{text}</>;
  return (
    <button type="button" class="link" onClick={() => s.select(name, true)}>
      {text}
    </button>
  );
}
