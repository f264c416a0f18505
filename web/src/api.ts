// What the server answers, and how it is asked.
import type { Feature, FeatureCollection, MultiPolygon, Polygon, Geometry } from "geojson";

export type Status = "confirmed" | "candidate" | "rejected";
export type PhaseChange = [date: string, phase: string, chance: number | null];

export interface StructureProperties {
  id: string;
  kind: string;
  kind_probability: number | null;
  status: Status;
  reason: string;
  rejected_as: string | null;
  onset_earliest: string | null;
  onset_latest: string | null;
  completion_earliest: string | null;
  completion_latest: string | null;
  preparation_first_seen: string | null;
  area_m2: number | null;
  area_m2_sd: number | null;
  length_m: number | null;
  length_m_sd: number | null;
  width_m: number | null;
  width_m_sd: number | null;
  p_value: number | null;
  phases: PhaseChange[];
  revision: number;
  found: boolean;
  stands: boolean;
  reviewed: string[];
  merged_into: string | null;
}

export interface FullProperties extends StructureProperties {
  growth: [string, number | null][];
  growth_sd: (number | null)[];
  growth_track: string[];
  first_raised: string | null;
  confirmed_on: string | null;
  record?: { computed: Record<string, unknown> };
}

export type Area = Polygon | MultiPolygon;
export type StructureFeature = Feature<Area, StructureProperties> & { bbox: [number, number, number, number] };
export type FullFeature = Feature<Area, FullProperties>;

export interface Track {
  name: string;
  key: string;
  label: string;
  version: string;
  quantity: string;
  credit: string;
  polarisations: string[];
  stretch: Record<string, [number, number]>;
  times: string[];
  has_onset_map: boolean;
}

export interface SiteSummary {
  id: string;
  name: string;
  bbox: [number, number, number, number];
  structures: Record<Status, number>;
  reviewed: number;
  images: number;
  first_image: string | null;
  last_image: string | null;
  runs: number;
  last_run: string | null;
}

export interface ContextEvent {
  name: string;
  source: string;
  begins: string | null;
  ends: string | null;
  geometry: Geometry | null;
}

export interface Site extends SiteSummary {
  area: Area;
  facilities: FeatureCollection;
  events: ContextEvent[];
  tracks: Track[];
}

export interface Series {
  track: string;
  label: string;
  polarisation: string;
  times: string[];
  footprint_db?: (number | null)[];
  surroundings_db?: (number | null)[];
  db?: (number | null)[];
}

export interface RevisionEntry {
  revision: number;
  made: string;
  by: string;
  why: string;
  status: Status;
  kind: string;
}

export interface ReviewEntry {
  action: string;
  at: string;
  by: string;
  comment: string;
}

export interface Alert {
  key: string;
  kind: string;
  text: string;
  structure: string | null;
  raised: string | null;
}

export interface Finding {
  id: string;
  kind: string;
  text: string;
  likelihood: string | null;
  confidence: string;
  source: string;
  structures: string[];
  changed: string[];
}

export interface Run {
  number: number;
  finished: string;
  by: string;
  scenes: number;
  counts: Partial<Record<Status, number>>;
  notes: string[];
}

export interface About {
  version: string;
  kinds: string[];
  user: string;
  basemap: string | null;
}

export interface ReviewIn {
  action: "confirm" | "reject" | "kind" | "footprint" | "comment" | "withdraw" | "restore";
  by: string;
  comment?: string;
  reason?: string;
  kind?: string;
  revision?: number;
  footprint?: Area;
}

// What went wrong, in the server's words.
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, init);
  } catch {
    throw new Refusal(0, "The server does not answer.", "Is `sitewatch serve` still running?");
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new Refusal(answer.status, body.error ?? `The server answered ${answer.status}.`, body.hint ?? "");
  }
  return body as T;
}

const at = (site: string) => `/api/sites/${encodeURIComponent(site)}`;
const of = (site: string, name: string) => `${at(site)}/structures/${encodeURIComponent(name)}`;

export const getAbout = () => ask<About>("/api/about");
export const getSites = () => ask<{ sites: SiteSummary[] }>("/api/sites");
export const getSite = (site: string) => ask<Site>(at(site));
export const getStructures = (site: string) =>
  ask<FeatureCollection<Area, StructureProperties> & { features: StructureFeature[] }>(`${at(site)}/structures`);
export const getStructure = (site: string, name: string) => ask<FullFeature>(of(site, name));
export const getSeries = (site: string, name: string) => ask<{ series: Series[] }>(`${of(site, name)}/series`);
export const getPixel = (site: string, lon: number, lat: number) =>
  ask<{ series: Series[] }>(`${at(site)}/series?lon=${lon.toFixed(7)}&lat=${lat.toFixed(7)}`);
export const getHistory = (site: string, name: string) =>
  ask<{ revisions: RevisionEntry[]; reviews: ReviewEntry[] }>(`${of(site, name)}/revisions`);
export const getAlerts = (site: string) => ask<{ alerts: Alert[] }>(`${at(site)}/alerts`);
export const getFindings = (site: string) => ask<{ findings: Finding[] }>(`${at(site)}/findings`);
export const getRuns = (site: string) => ask<{ runs: Run[] }>(`${at(site)}/runs`);
export const startUpdate = (site: string) => ask<{ started: boolean }>(`${at(site)}/updates`, { method: "POST" });

export function sendReview(site: string, name: string, seen: number, said: ReviewIn) {
  return ask<{ structures: FullFeature[] }>(`${of(site, name)}/reviews`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "If-Match": `"${seen}"` },
    body: JSON.stringify(said),
  });
}

export const newsOf = (site: string) => new EventSource(`${at(site)}/news`);

export function tileUrl(site: string, layer: string, parameters: Record<string, string | number>): string {
  const query = new URLSearchParams(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
  return `${location.origin}${at(site)}/tiles/${layer}/{z}/{x}/{y}.png?${query}`;
}
