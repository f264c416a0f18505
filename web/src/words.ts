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
  return `${dateWords(earliest)} to ${dateWords(latest)}`;
}

export function finished(p: StructureProperties): string {
  if (p.completion_latest) return interval(p.completion_earliest, p.completion_latest);
  return p.onset_latest ? "not by the last image" : "–";
}

export function measure(value: number | null, sd: number | null, unit: string): string {
  if (value === null || !Number.isFinite(value)) return "–";
  const digits = sd !== null && sd > 0 ? Math.max(0, Math.min(1, -Math.floor(Math.log10(sd)))) : 0;
  const text = (x: number) => x.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });
  return sd === null ? `${text(value)} ${unit}` : `${text(value)} ± ${text(sd)} ${unit}`;
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
