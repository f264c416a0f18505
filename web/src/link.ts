// Every view has an address: what is shown stands behind the # and is read back from there.
import { batch, effect } from "@preact/signals";
import type { Map as GlMap } from "maplibre-gl";
import * as s from "./state";

const LAYERS: s.Layer[] = ["image", "mean", "difference", "onset"];
let view = "";

function read(): { site: string | null; of: URLSearchParams } {
  const [path, query] = location.hash.slice(1).split("?");
  const site = decodeURIComponent((path ?? "").replace(/^\//, "")) || null;
  return { site, of: new URLSearchParams(query ?? "") };
}

export const linkedSite = () => read().site;

export function restoredView(): { center: [number, number]; zoom: number } | null {
  const { site, of } = read();
  const [lon, lat, zoom] = (of.get("at") ?? "").split(",").map(Number);
  if (site !== s.site.value?.id || ![lon, lat, zoom].every(Number.isFinite)) return null;
  return { center: [lon!, lat!], zoom: zoom! };
}

export function watchView(map: GlMap) {
  const note = () => {
    const c = map.getCenter();
    view = `${c.lng.toFixed(5)},${c.lat.toFixed(5)},${map.getZoom().toFixed(2)}`;
    write();
  };
  map.on("moveend", note);
  note();
}

// Show what the address says; what it leaves out stays as it is.
export function restore() {
  const { site, of } = read();
  if (!s.site.value || site !== s.site.value.id) return;
  batch(() => {
    const track = of.get("track");
    if (track && s.site.value!.tracks.some((t) => t.name === track)) s.setTrack(track);
    const band = of.get("pol");
    if (band && s.track.value?.polarisations.includes(band)) s.band.value = band;
    const [now, early] = [of.get("date"), of.get("before")].map((d) => (d ? s.times.value.findIndex((t) => t.startsWith(d)) : -1));
    if (now! >= 0) s.index.value = now!;
    if (early! >= 0) s.before.value = early!;
    const layer = LAYERS.find((l) => l === of.get("layer"));
    s.layer.value = layer ?? "image";
    s.swipe.value = of.get("swipe") === "1";
    s.colourBy.value = of.get("colour") === "onset" ? "onset" : "status";
    s.showRejected.value = of.get("rejected") === "1";
    const tab = of.get("tab");
    s.tab.value = tab === "queue" || tab === "site" ? tab : "structures";
    const name = of.get("structure");
    s.select(name && s.features.value.some((f) => f.properties.id === name) ? name : null);
  });
}

function write() {
  const id = s.site.peek()?.id;
  if (!id) return;
  const of = new URLSearchParams();
  const put = (name: string, value: string | null | undefined | false) => value && of.set(name, value);
  put("date", s.now.peek()?.slice(0, 10));
  put("structure", s.selected.peek());
  put("layer", s.layer.peek() !== "image" && s.layer.peek());
  put("swipe", s.swipe.peek() && "1");
  put("before", (s.swipe.peek() || s.layer.peek() === "difference") && s.beforeTime.peek()?.slice(0, 10));
  put("track", (s.site.peek()?.tracks.length ?? 0) > 1 && s.trackName.peek());
  put("pol", s.band.peek() !== s.track.peek()?.polarisations[0] && s.band.peek());
  put("colour", s.colourBy.peek() === "onset" && "onset");
  put("rejected", s.showRejected.peek() && "1");
  put("tab", s.tab.peek() !== "structures" && s.tab.peek());
  put("at", view);
  const hash = `#/${encodeURIComponent(id)}?${of.toString().replaceAll("%2C", ",")}`;
  if (hash !== location.hash) history.replaceState(null, "", hash);
}

export function keepLink() {
  let timer = 0;
  effect(() => {
    // Named here so that each of them writes the address anew.
    void [s.now.value, s.selected.value, s.layer.value, s.swipe.value, s.beforeTime.value, s.trackName.value];
    void [s.band.value, s.colourBy.value, s.showRejected.value, s.tab.value, s.site.value];
    clearTimeout(timer);
    timer = window.setTimeout(write, 150);
  });
  addEventListener("hashchange", () => {
    const { site } = read();
    if (site && site !== s.site.value?.id) void s.openSite(site).then(restore).catch(s.complain);
    else restore();
  });
}
