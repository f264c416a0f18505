// Okabe and Ito's colours, which colour-blind readers can tell apart; the same as in the dossier.
import { day } from "./words";

export const STATUS = { confirmed: "#e69f00", candidate: "#56b4e9", rejected: "#9aa7b4" } as const;
export const PHASE: Record<string, string> = {
  "No Activity": "#3a4653",
  "Site Preparation": "#cc79a7",
  "Active Construction": "#56b4e9",
  "Post Construction": "#009e73",
};
export const TRACKS = ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00"];
// Plasma from magenta to yellow, as the tiles of the onset map have it.
export const ONSET = ["#cc4678", "#dd5e66", "#eb7655", "#f58f44", "#fcaa35", "#fdc627", "#f4e626"];

export function onsetColour(date: string | null, first: string, last: string): string {
  if (!date) return STATUS.rejected;
  const place = (day(date) - day(first)) / Math.max(1, day(last) - day(first));
  return ONSET[Math.max(0, Math.min(ONSET.length - 1, Math.floor(place * ONSET.length)))]!;
}
