// What the page shows. Panels and map read these signals; the functions below change them.
import { batch, computed, effect, signal } from "@preact/signals";
import * as api from "./api";
import type { About, Area, FullFeature, Series, Site, SiteSummary, StructureFeature, Track } from "./api";
import { day } from "./words";

export type Layer = "image" | "mean" | "difference" | "onset";
export type Tab = "structures" | "queue" | "site";
export type Tool = "select" | "probe" | "length" | "area" | "draw";
export type ColourBy = "status" | "onset";

export const about = signal<About | null>(null);
export const sites = signal<SiteSummary[] | null>(null);
export const site = signal<Site | null>(null);
export const features = signal<StructureFeature[]>([]);
export const loading = signal(true);
export const failure = signal<{ message: string; hint: string } | null>(null);
export const toast = signal<{ text: string; undo?: () => void; bad?: boolean } | null>(null);

export const trackName = signal("");
export const band = signal("");
export const index = signal(0);
export const before = signal(0);
export const layer = signal<Layer>("image");
export const swipe = signal(false);
export const playing = signal(false);
export const colourBy = signal<ColourBy>("status");
export const tab = signal<Tab>("structures");
export const tool = signal<Tool>("select");
export const showRejected = signal(false);
export const outlines = signal(true);
export const help = signal(false);
export const drawer = signal(false);

export const selected = signal<string | null>(null);
export const full = signal<FullFeature | null>(null);
export const series = signal<Series[] | null>(null);
export const pixel = signal<{ lon: number; lat: number; series: Series[] | null } | null>(null);
export const drawn = signal<Area | null>(null);
export const reviewer = signal(localStorage.getItem("sitewatch.reviewer") ?? "");
export const progress = signal<{ text: string; share: number | null } | null>(null);
export const news = signal(0);

export const track = computed<Track | null>(
  () => site.value?.tracks.find((t) => t.name === trackName.value) ?? site.value?.tracks[0] ?? null,
);
export const times = computed(() => track.value?.times ?? []);
export const now = computed(() => times.value[index.value] ?? null);
export const beforeTime = computed(() => times.value[before.value] ?? null);
export const span = computed<[string, string] | null>(() => {
  const all = (site.value?.tracks ?? []).flatMap((t) => t.times).sort();
  return all.length ? [all[0]!, all.at(-1)!] : null;
});

const RANK = { confirmed: 0, candidate: 1, rejected: 2 };
const byOnset = (a: StructureFeature, b: StructureFeature) =>
  (a.properties.onset_latest ?? "9999").localeCompare(b.properties.onset_latest ?? "9999");

export const shown = computed(() =>
  features.value
    .filter((f) => showRejected.value || f.properties.status !== "rejected")
    .sort((a, b) => RANK[a.properties.status] - RANK[b.properties.status] || byOnset(a, b)),
);
export const queue = computed(() =>
  features.value.filter((f) => f.properties.status === "candidate" && !f.properties.reviewed.includes("status")).sort(byOnset),
);
export const current = computed(() => features.value.find((f) => f.properties.id === selected.value) ?? null);

effect(() => localStorage.setItem("sitewatch.reviewer", reviewer.value));

export function tell(text: string, more: { undo?: () => void; bad?: boolean } = {}) {
  toast.value = { text, ...more };
}

export function complain(error: unknown) {
  const refusal = error instanceof api.Refusal ? error : null;
  tell(refusal ? [refusal.message, refusal.hint].filter(Boolean).join(" ") : String(error), { bad: true });
}

export async function begin(wanted: string | null) {
  try {
    const [told, list] = await Promise.all([api.getAbout(), api.getSites()]);
    about.value = told;
    sites.value = list.sites;
    if (!reviewer.value) reviewer.value = told.user;
    const first = list.sites.find((s) => s.id === wanted) ?? list.sites[0];
    if (first) await openSite(first.id);
    else failure.value = { message: "No site is served.", hint: "Start `sitewatch serve WORKSPACE`." };
  } catch (error) {
    const refusal = error as api.Refusal;
    failure.value = { message: refusal.message, hint: refusal.hint ?? "" };
  } finally {
    loading.value = false;
  }
}

export async function openSite(id: string) {
  const [detail, collection] = await Promise.all([api.getSite(id), api.getStructures(id)]);
  const most = [...detail.tracks].sort((a, b) => b.times.length - a.times.length)[0];
  batch(() => {
    site.value = detail;
    features.value = collection.features;
    selected.value = full.value = series.value = pixel.value = null;
    trackName.value = most?.name ?? "";
    band.value = most?.polarisations[0] ?? "";
    index.value = Math.max(0, (most?.times.length ?? 1) - 1);
    before.value = 0;
  });
}

// Read again what may have changed, without moving what the analyst looks at.
export async function refresh() {
  if (!site.value) return;
  const id = site.value.id;
  const [detail, collection] = await Promise.all([api.getSite(id), api.getStructures(id)]);
  if (site.value?.id !== id) return;
  batch(() => {
    site.value = detail;
    features.value = collection.features;
    news.value++;
  });
  if (selected.value) await loadSelected(selected.value, true);
}

export function select(name: string | null, look = false) {
  if (name === selected.value) return;
  batch(() => {
    selected.value = name;
    full.value = series.value = pixel.value = drawn.value = null;
    if (tool.value === "draw") tool.value = "select";
    if (name && look) lookAt(name);
  });
  if (name) void loadSelected(name);
}

async function loadSelected(name: string, again = false) {
  const id = site.value!.id;
  try {
    const [one, curves] = await Promise.all([
      api.getStructure(id, name),
      again && series.value ? { series: series.value } : api.getSeries(id, name),
    ]);
    if (selected.value !== name) return;
    full.value = one;
    series.value = curves.series;
  } catch (error) {
    complain(error);
  }
}

// Two dates that show what happened: the last image without it, and one well after it was there.
function lookAt(name: string) {
  const p = features.value.find((f) => f.properties.id === name)?.properties;
  if (!p?.onset_latest) return;
  const last = times.value.length - 1;
  const without = p.onset_earliest ? nearest(p.onset_earliest, "before") : 0;
  const there = nearest(p.completion_latest ?? p.onset_latest, "after");
  before.value = Math.max(0, without);
  index.value = p.completion_latest ? there : last;
}

export function nearest(date: string, side: "before" | "after" | "any" = "any"): number {
  const wanted = day(date);
  const days = times.value.map(day);
  if (side === "before") return Math.max(0, days.findLastIndex((d) => Math.floor(d) <= wanted));
  if (side === "after") {
    const found = days.findIndex((d) => d >= wanted);
    return found < 0 ? days.length - 1 : found;
  }
  let best = 0;
  days.forEach((d, i) => {
    if (Math.abs(d - wanted) < Math.abs(days[best]! - wanted)) best = i;
  });
  return best;
}

export function step(by: number) {
  index.value = Math.max(0, Math.min(times.value.length - 1, index.value + by));
}

export function setTrack(name: string) {
  const old = now.value;
  const oldBefore = beforeTime.value;
  batch(() => {
    trackName.value = name;
    const bands = track.value?.polarisations ?? [];
    if (!bands.includes(band.value)) band.value = bands[0] ?? "";
    if (old) index.value = nearest(old);
    if (oldBefore) before.value = nearest(oldBefore);
  });
}

export async function probe(lon: number, lat: number) {
  select(null);
  pixel.value = { lon, lat, series: null };
  try {
    const answer = await api.getPixel(site.value!.id, lon, lat);
    if (pixel.value?.lon === lon && pixel.value.lat === lat) pixel.value = { lon, lat, series: answer.series };
  } catch (error) {
    complain(error);
  }
}

const DONE: Record<string, string> = {
  confirm: "confirmed",
  reject: "rejected",
  kind: "named anew",
  footprint: "redrawn",
  comment: "commented on",
  withdraw: "as computed again",
  restore: "as before again",
};

// Enter a review; what it replaced can be had back with one key.
export async function say(said: Omit<api.ReviewIn, "by">): Promise<boolean> {
  const one = current.value;
  if (!one || !site.value) return false;
  const name = one.properties.id;
  const seen = full.value?.properties.id === name ? full.value.properties.revision : one.properties.revision;
  if (!reviewer.value.trim()) {
    tell("Enter your name first: a review says who made it.", { bad: true });
    document.getElementById("reviewer")?.focus();
    return false;
  }
  try {
    const answer = await api.sendReview(site.value.id, name, seen, { ...said, by: reviewer.value.trim() });
    take(answer.structures);
    const undo = ["comment", "restore"].includes(said.action) ? undefined : () => void undoTo(name, seen);
    lastUndo = undo ?? null;
    tell(`${name} ${DONE[said.action]}.`, { undo });
    return true;
  } catch (error) {
    complain(error);
    if (error instanceof api.Refusal && error.status === 409) await refresh().catch(() => undefined);
    return false;
  }
}

let lastUndo: (() => void) | null = null;
export const undoLast = () => lastUndo?.();

async function undoTo(name: string, revision: number) {
  const now = features.value.find((f) => f.properties.id === name)?.properties.revision;
  if (!site.value || now === undefined) return;
  lastUndo = null;
  try {
    const said = { action: "restore", by: reviewer.value.trim(), revision } as const;
    take((await api.sendReview(site.value.id, name, now, said)).structures);
    select(name);
    tell(`${name}: taken back.`);
  } catch (error) {
    complain(error);
  }
}

function take(changed: FullFeature[]) {
  const fresh = new Map(changed.map((f) => [f.properties.id, f]));
  batch(() => {
    features.value = features.value.map((f) => {
      const now = fresh.get(f.properties.id);
      return now ? { ...f, geometry: now.geometry, properties: { ...f.properties, ...now.properties } } : f;
    });
    if (selected.value && fresh.has(selected.value)) {
      full.value = fresh.get(selected.value)!;
      news.value++;
    }
  });
}

export function nextInQueue(by: 1 | -1 = 1) {
  const list = tab.value === "queue" ? queue.value : shown.value;
  if (!list.length) return select(null);
  const here = list.findIndex((f) => f.properties.id === selected.value);
  const next = here < 0 ? (by > 0 ? 0 : list.length - 1) : (here + by + list.length) % list.length;
  select(list[next]!.properties.id, true);
}

export function listen() {
  let source: EventSource | null = null;
  effect(() => {
    const id = site.value?.id;
    if (!id || source?.url.endsWith(`/${encodeURIComponent(id)}/news`)) return;
    source?.close();
    source = api.newsOf(id);
    source.addEventListener("record", () => void refresh().catch(complain));
    source.addEventListener("alert", (event) => tell(`Alert: ${JSON.parse(event.data).text}`));
    source.addEventListener("run", (event) => tell(`Run ${JSON.parse(event.data).number} has ended.`));
    source.addEventListener("update", (event) => {
      const { at_work, progress: far } = JSON.parse(event.data);
      if (far?.running) progress.value = { text: far.stage, share: far.total ? far.done / far.total : null };
      else if (at_work) progress.value = { text: "an update is at work", share: null };
      else {
        if (far?.stage === "failed" && progress.value) tell(`The update failed: ${far.said}`, { bad: true });
        progress.value = null;
      }
    });
  });
}

export async function update() {
  try {
    await api.startUpdate(site.value!.id);
    progress.value = { text: "starting", share: null };
  } catch (error) {
    complain(error);
  }
}
