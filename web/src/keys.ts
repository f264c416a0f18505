// Everything that is done often has a key.
import * as s from "./state";

export const KEYS: [string, string][] = [
  ["← →", "image before, next image"],
  ["Home End", "first, last image"],
  ["space", "play, pause"],
  ["s", "swipe between two dates"],
  ["b", "the image shown becomes the earlier one"],
  ["1 2 3 4", "image, mean, difference, onset"],
  ["j k", "next, previous structure (of the queue, under To review)"],
  ["c", "confirm"],
  ["r", "reject, with a reason"],
  ["o", "redraw the outline"],
  ["u", "take back the last review"],
  ["h", "hide or show outlines"],
  ["Esc", "close"],
];

const LAYERS: s.Layer[] = ["image", "mean", "difference", "onset"];

export function listenToKeys() {
  addEventListener("keydown", (e) => {
    const at = e.target as HTMLElement;
    const writing = at.closest("input:not([type=checkbox]), textarea, select") !== null;
    if (e.key === "Escape") {
      if (s.help.value) s.help.value = false;
      else if (s.tool.value !== "select") s.tool.value = "select";
      else if (writing) at.blur();
      else if (s.pixel.value) s.pixel.value = null;
      else s.select(null);
      return;
    }
    if (writing || e.ctrlKey || e.metaKey || e.altKey || !s.site.value) return;
    if (e.key === " " && at.closest("button, summary")) return;
    const act = ACTS[e.key];
    if (!act) return;
    e.preventDefault();
    act();
  });
}

const ACTS: Record<string, () => void> = {
  ArrowLeft: () => s.step(-1),
  ArrowRight: () => s.step(1),
  Home: () => (s.index.value = 0),
  End: () => (s.index.value = Math.max(0, s.times.value.length - 1)),
  " ": () => (s.playing.value = !s.playing.value),
  s: () => (s.swipe.value = !s.swipe.value),
  b: () => (s.before.value = s.index.value),
  j: () => s.nextInQueue(1),
  k: () => s.nextInQueue(-1),
  c: () => void confirm(),
  r: () => s.current.value && dispatchEvent(new Event("sitewatch-reject")),
  o: () => s.current.value && (s.tool.value = s.tool.value === "draw" ? "select" : "draw"),
  u: () => s.undoLast(),
  h: () => (s.outlines.value = !s.outlines.value),
  "?": () => (s.help.value = !s.help.value),
  ...Object.fromEntries(LAYERS.map((layer, i) => [`${i + 1}`, () => (s.layer.value = layer)])),
};

// In the queue the next candidate comes up by itself.
async function confirm() {
  const queue = s.queue.value.map((f) => f.properties.id);
  const here = s.selected.value;
  if (!(await s.say({ action: "confirm" })) || s.tab.value !== "queue" || !here) return;
  const next = queue[queue.indexOf(here) + 1];
  if (next) s.select(next, true);
}
