// One structure: what is said of it, the curves that show it, and what the analyst says.
import { useEffect, useState } from "preact/hooks";
import { getHistory } from "../api";
import type { ReviewEntry, RevisionEntry } from "../api";
import { STATUS } from "../colours";
import * as s from "../state";
import { dateWords, finished, interval, measure } from "../words";
import { Chart } from "./Chart";

const REASONS = ["a ship", "a crop", "the tide", "felled trees", "waves", "an ambiguity", "wet soil", "was there before"];

export function Detail() {
  const place = s.pixel.value;
  const one = s.current.value;
  if (place) return <Pixel />;
  if (!one) return null;
  const p = s.full.value?.properties ?? null;
  const shown = p ?? one.properties;
  return (
    <aside class="detail" aria-label={`Structure ${shown.id}`} data-testid="detail">
      <header style={{ "--c": STATUS[shown.status] }}>
        <div>
          <h2>
            {shown.id} <span>{shown.kind}</span>
          </h2>
          <span class="badge" data-testid="status">
            {shown.status}
          </span>
          {shown.reviewed.length > 0 && <span class="badge plain">reviewed</span>}
          {!shown.found && <span class="badge plain">no longer found</span>}
        </div>
        <nav>
          <button type="button" aria-label="Structure before" title="Structure before (k)" onClick={() => s.nextInQueue(-1)}>
            ↑
          </button>
          <button type="button" aria-label="Next structure" title="Next structure (j)" onClick={() => s.nextInQueue(1)}>
            ↓
          </button>
          <button type="button" aria-label="Close" title="Close (Esc)" onClick={() => s.select(null)}>
            ✕
          </button>
        </nav>
      </header>
      {shown.reason && <p class="reason">{shown.reason}</p>}
      <dl class="facts">
        <dt>Begun</dt>
        <dd>{interval(shown.onset_earliest, shown.onset_latest)}</dd>
        <dt>Finished</dt>
        <dd>{finished(shown)}</dd>
        <dt>Area</dt>
        <dd>{measure(shown.area_m2, shown.area_m2_sd, "m²")}</dd>
        <dt>Length</dt>
        <dd>{measure(shown.length_m, shown.length_m_sd, "m")}</dd>
        <dt>Width</dt>
        <dd>{measure(shown.width_m, shown.width_m_sd, "m")}</dd>
        <dt>Kind</dt>
        <dd>
          {shown.kind}
          {shown.kind_probability !== null && ` (share of the evidence ${shown.kind_probability.toFixed(2)})`}
        </dd>
        {shown.p_value !== null && (
          <>
            <dt>Chance alone</dt>
            <dd>
              p = <Power value={shown.p_value} />
            </dd>
          </>
        )}
      </dl>
      {s.series.value && p ? <Chart series={s.series.value} properties={p} /> : <div class="skeleton" aria-label="Reading the images" />}
      <Review />
      <History name={shown.id} />
    </aside>
  );
}

// 3 · 10⁻⁸; below 10⁻¹⁶ no model is worth digits.
function Power({ value }: { value: number }) {
  if (value >= 0.001) return <>{value.toPrecision(2)}</>;
  const [digit, exponent] = value.toExponential(0).split("e");
  return (
    <>
      {digit} · 10<sup>{exponent!.replace("-", "−")}</sup>
    </>
  );
}

function Pixel() {
  const place = s.pixel.value!;
  return (
    <aside class="detail" aria-label="One pixel">
      <header style={{ "--c": "#f0e442" }}>
        <div>
          <h2>Pixel</h2>
          <span class="mono">
            {place.lat.toFixed(5)}, {place.lon.toFixed(5)}
          </span>
        </div>
        <nav>
          <button type="button" aria-label="Close" onClick={() => (s.pixel.value = null)}>
            ✕
          </button>
        </nav>
      </header>
      {place.series ? <Chart series={place.series} properties={null} /> : <div class="skeleton" aria-label="Reading the images" />}
    </aside>
  );
}

function Review() {
  const [rejecting, setRejecting] = useState(false);
  const [reason, setReason] = useState("");
  const [comment, setComment] = useState("");
  const one = s.current.value!.properties;
  useEffect(() => {
    setRejecting(false);
    setReason("");
    setComment("");
  }, [one.id]);
  useEffect(() => {
    const open = () => setRejecting(true);
    addEventListener("sitewatch-reject", open);
    return () => removeEventListener("sitewatch-reject", open);
  }, []);
  const reject = async (why: string) => {
    if (await s.say({ action: "reject", reason: why, comment })) setRejecting(false);
  };
  const drawing = s.tool.value === "draw";
  return (
    <section class="review" aria-label="Review">
      <h3>Review</h3>
      <div class="actions">
        <button type="button" class="confirm" disabled={one.status === "confirmed" && one.reviewed.includes("status")} onClick={() => void s.say({ action: "confirm", comment })} title="Confirm (c)">
          Confirm
        </button>
        <button type="button" class="reject" aria-expanded={rejecting} onClick={() => setRejecting(!rejecting)} title="Reject (r)">
          Reject …
        </button>
        <button type="button" aria-pressed={drawing} onClick={() => (s.tool.value = drawing ? "select" : "draw")} title="Redraw the outline (o)">
          Redraw
        </button>
        {one.reviewed.length > 0 && (
          <button type="button" onClick={() => void s.say({ action: "withdraw", comment })} title="All as computed again">
            Withdraw
          </button>
        )}
      </div>
      {rejecting && (
        <form
          class="reasons"
          onSubmit={(e) => {
            e.preventDefault();
            if (reason.trim()) void reject(reason.trim());
          }}
        >
          <label>
            What is it instead?
            <input autofocus value={reason} onInput={(e) => setReason(e.currentTarget.value)} maxLength={400} data-testid="reason" ref={(el) => el?.focus()} />
          </label>
          <div class="chips">
            {REASONS.map((why) => (
              <button type="button" key={why} onClick={() => void reject(why)}>
                {why}
              </button>
            ))}
          </div>
          <button type="submit" disabled={!reason.trim()}>
            Reject
          </button>
        </form>
      )}
      {drawing && (
        <div class="reasons">
          <p class="note">Drag corners; drag a small ring to add one; right-click removes one. Sizes are measured from what you draw.</p>
          <div class="actions">
            <button
              type="button"
              class="confirm"
              disabled={!s.drawn.value}
              onClick={async () => {
                if (s.drawn.value && (await s.say({ action: "footprint", footprint: s.drawn.value, comment }))) s.tool.value = "select";
              }}
            >
              Keep this outline
            </button>
            <button type="button" onClick={() => (s.tool.value = "select")}>
              Cancel
            </button>
          </div>
        </div>
      )}
      <div class="fields">
        <label>
          Kind
          <select value={one.kind} onChange={(e) => void s.say({ action: "kind", kind: e.currentTarget.value, comment })}>
            {(s.about.value?.kinds ?? [one.kind]).map((kind) => (
              <option key={kind}>{kind}</option>
            ))}
          </select>
        </label>
        <label>
          Your name
          <input id="reviewer" value={s.reviewer.value} onInput={(e) => (s.reviewer.value = e.currentTarget.value)} maxLength={100} />
        </label>
      </div>
      <label class="comment">
        Comment
        <textarea rows={2} maxLength={4000} value={comment} onInput={(e) => setComment(e.currentTarget.value)} placeholder="Goes with the review, or alone" />
      </label>
      <button
        type="button"
        class="quiet"
        disabled={!comment.trim()}
        onClick={async () => {
          if (await s.say({ action: "comment", comment })) {
            setComment("");
            s.news.value++;
          }
        }}
      >
        Only comment
      </button>
    </section>
  );
}

function History({ name }: { name: string }) {
  const [told, setTold] = useState<{ revisions: RevisionEntry[]; reviews: ReviewEntry[] } | null>(null);
  const at = s.full.value?.properties.revision;
  useEffect(() => {
    let gone = false;
    void getHistory(s.site.value!.id, name)
      .then((answer) => !gone && setTold(answer))
      .catch(() => undefined);
    return () => {
      gone = true;
    };
  }, [name, at, s.news.value]);
  if (!told) return null;
  const comments = told.reviews.filter((r) => r.action === "comment");
  const entries = [
    ...told.revisions.map((r) => ({ at: r.made, by: r.by, text: r.why, note: `revision ${r.revision}: ${r.status} ${r.kind}` })),
    ...comments.map((r) => ({ at: r.at, by: r.by, text: r.comment, note: "comment" })),
  ].sort((a, b) => b.at.localeCompare(a.at));
  return (
    <section class="history" aria-label="History">
      <h3>History</h3>
      <ol>
        {entries.map((e) => (
          <li key={e.at + e.note}>
            <p>{e.text}</p>
            <small>
              {e.by}, {dateWords(e.at)} · {e.note}
            </small>
          </li>
        ))}
      </ol>
    </section>
  );
}

