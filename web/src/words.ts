// Dates, intervals and sizes in words, as the dossier writes them.
import type { StructureProperties } from "./api";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function dateWords(iso: string | null | undefined): string {
  if (!iso) return "–";
  const [year, month, day] = iso.slice(0, 10).split("-").map(Number);
  return `${day} ${MONTHS[month! - 1]} ${year}`;
}

export function interval(earliest: string | null, latest: string | null): string {
  if (!earliest && !latest) return "–";
  if (!earliest) return `by ${dateWords(latest)}`;
  if (!latest) return `after ${dateWords(earliest)}`;
  if (earliest === latest) return dateWords(earliest);
  const [from, to] = [dateWords(earliest), dateWords(latest)];
  if (earliest.slice(0, 7) === latest.slice(0, 7)) return `${from.split(" ")[0]} to ${to}`;
  return earliest.slice(0, 4) === latest.slice(0, 4) ? `${from.slice(0, -5)} to ${to}` : `${from} to ${to}`;
}

export function finished(p: StructureProperties): string {
  if (p.completion_latest) return interval(p.completion_earliest, p.completion_latest);
  return p.onset_latest ? "not by the last image" : "–";
}

// A size with its standard deviation, to the digits that the latter leaves.
export function measure(value: number | null, sd: number | null, unit: "m" | "m²"): string {
  if (value === null || !Number.isFinite(value)) return "–";
  const large = unit === "m²" && value >= 10_000;
  const [v, s, u] = large ? [value / 10_000, sd === null ? null : sd / 10_000, "ha"] : [value, sd, unit];
  const digits = s ? Math.max(0, Math.min(2, 1 - Math.floor(Math.log10(s)))) : large ? 2 : 0;
  const shown = large ? digits : Math.min(digits, s !== null && s < 1 ? 1 : 0);
  const text = (x: number) => x.toLocaleString("en", { maximumFractionDigits: shown, minimumFractionDigits: shown });
  return s === null ? `${text(v)} ${u}` : `${text(v)} ± ${text(s)} ${u}`;
}

export const counted = (n: number, word: string) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

export function metres(value: number): string {
  return value >= 10_000 ? `${(value / 1000).toFixed(2)} km` : `${value.toFixed(value < 100 ? 1 : 0)} m`;
}

export function squareMetres(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} km²`;
  return value >= 20_000 ? `${(value / 1e4).toFixed(2)} ha` : `${value.toFixed(0)} m²`;
}

export const day = (iso: string) => Date.parse(iso.length === 10 ? `${iso}T00:00:00Z` : iso) / 86_400_000;
