// The map, and over it the second one that the swipe shows the earlier date on.
import { effect, untracked } from "@preact/signals";
import { AttributionControl, Map as GlMap, NavigationControl, ScaleControl, setWorkerUrl } from "maplibre-gl";
import type { MapMouseEvent } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";
import { useEffect, useRef, useState } from "preact/hooks";
import { tileUrl } from "../api";
import type { Site, Track } from "../api";
import { restoredView, watchView } from "../link";
import * as s from "../state";
import { dateWords } from "../words";
import { addBasemap } from "./basemap";
import { Imagery, tilesOf } from "./imagery";
import { Sketch } from "./sketch";
import { EMPTY, addSite, addStructures, colourStructures, showStructures } from "./style";

setWorkerUrl(workerUrl);

export function layerUrl(site: Site, track: Track, layer: s.Layer, time: string | null, beforeTime: string | null): string {
  const common = { track: track.name, size: 512, v: track.version };
  const [low, high] = track.stretch[s.band.value] ?? [-25, 0];
  const grey = { ...common, pol: s.band.value, low, high };
  if (layer === "image" && time) return tileUrl(site.id, "image", { ...grey, time });
  if (layer === "mean") return tileUrl(site.id, "mean", grey);
  if (layer === "difference" && time && beforeTime) {
    return tileUrl(site.id, "difference", { ...common, pol: s.band.value, before: beforeTime, after: time, images: 3 });
  }
  if (layer === "onset" && track.has_onset_map) return tileUrl(site.id, "onset", common);
  return "";
}

function makeMap(container: HTMLElement, site: Site, interactive: boolean): GlMap {
  return new GlMap({
    container,
    style: structuredClone(EMPTY),
    interactive,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    bounds: site.bbox,
    fitBoundsOptions: { padding: 36 },
    maxZoom: 20,
    canvasContextAttributes: { preserveDrawingBuffer: false },
  });
}

export function MapView({ site }: { site: Site }) {
  const main = useRef<HTMLDivElement>(null);
  const over = useRef<HTMLDivElement>(null);
  const [failed, setFailed] = useState("");
  const [cut, setCut] = useState(0.5);
  const [measured, setMeasured] = useState("");

  useEffect(() => {
    let map: GlMap;
    try {
      map = makeMap(main.current!, site, true);
    } catch {
      setFailed("This browser can't draw the map: it has no WebGL 2. Lists, curves and reviews work without.");
      return;
    }
    (window as unknown as { sitewatchMap: GlMap }).sitewatchMap = map;
    map.touchZoomRotate.disableRotation();
    map.keyboard.disable();
    map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    map.addControl(new ScaleControl({ maxWidth: 120 }), "bottom-right");
    map.addControl(new AttributionControl({ compact: false, customAttribution: creditsOf(site) }), "bottom-right");
    map.on("error", (e) => console.warn(String(e.error?.message ?? e.error)));
    const ends: (() => void)[] = [];
    map.once("load", () => {
      addBasemap(map, s.about.peek()?.basemap ?? null);
      addSite(map, site);
      const front = new Imagery(map, site.bbox);
      const under = new Imagery(map, site.bbox, "under", "image-a");
      addStructures(map, true);
      const sketch = new Sketch(map, (text, outline) => {
        setMeasured(text);
        if (s.tool.peek() === "draw") s.drawn.value = outline;
      });
      const view = restoredView();
      if (view) map.jumpTo(view);
      watchView(map);
      ends.push(...wire(map, site, front, under, sketch));
      main.current!.dataset.ready = "yes";
    });
    return () => {
      ends.forEach((end) => end());
      map.remove();
    };
  }, [site.id]);

  useEffect(() => {
    let end = () => {};
    const stop = effect(() => {
      const wanted = s.swipe.value;
      const map = (window as unknown as { sitewatchMap?: GlMap }).sitewatchMap;
      untracked(() => {
        end();
        end = () => {};
        if (wanted && map && over.current) end = overlay(over.current, map, site);
      });
    });
    return () => {
      stop();
      end();
    };
  }, [site.id]);

  const swiping = s.swipe.value && !failed;
  const clip = swiping ? { clipPath: `inset(0 ${(1 - cut) * 100}% 0 0)` } : { display: "none" };
  return (
    <div class="map" aria-label="Map of the site" role="region">
      <div class="map-main" ref={main} data-testid="map" />
      <div class="map-over" ref={over} style={clip} />
      {failed && <p class="map-failed">{failed}</p>}
      {swiping && <Divider cut={cut} setCut={setCut} />}
      {swiping && (
        <>
          <span class="map-date left">{dateWords(s.beforeTime.value)}</span>
          <span class="map-date right">{dateWords(s.now.value)}</span>
        </>
      )}
      {!swiping && <Caption />}
      <Legend />
      {s.tool.value !== "select" && (
        <div class="map-tool" role="status">
          <b>{TOOL[s.tool.value]}</b> {s.tool.value === "probe" ? "Click a pixel." : measured}
          <button type="button" onClick={() => (s.tool.value = "select")}>
            Done
          </button>
        </div>
      )}
    </div>
  );
}

const TOOL: Record<string, string> = { probe: "Pixel", length: "Length", area: "Area", draw: "Outline" };

function creditsOf(site: Site): string[] {
  const escape = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  return [...new Set(site.tracks.map((t) => t.credit).filter(Boolean))].map(escape);
}

function wire(map: GlMap, site: Site, front: Imagery, under: Imagery, sketch: Sketch): (() => void)[] {
  const click = (e: MapMouseEvent) => {
    const at = [e.lngLat.lng, e.lngLat.lat];
    if (s.tool.peek() === "probe") return void s.probe(at[0]!, at[1]!);
    if (sketch.click(at)) return;
    const layers = ["structures-fill", "structures-line"].filter((id) => map.getLayer(id));
    const near: [[number, number], [number, number]] = [[e.point.x - 5, e.point.y - 5], [e.point.x + 5, e.point.y + 5]];
    const hit = map.queryRenderedFeatures(near, { layers })[0];
    s.select(hit ? String(hit.properties.id) : null);
    if (hit) s.drawer.value = false;
  };
  map.on("click", click);
  for (const layer of ["structures-fill", "structures-line"]) {
    map.on("mouseenter", layer, () => s.tool.peek() === "select" && (map.getCanvas().style.cursor = "pointer"));
    map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
  }
  const imagery = () => {
    const [track, layer] = [s.track.value, s.layer.value];
    if (!track) return;
    const now = s.site.value ?? site;
    const [time, early] = [s.now.value, s.beforeTime.value];
    const url = layerUrl(now, track, layer, time, early);
    // What these two leave clear shows the mean of all images below, dimmed.
    const seeThrough = layer === "difference" || layer === "onset";
    void under.show(seeThrough ? layerUrl(now, track, "mean", null, null) : "", 0.6);
    void front.show(url).then(() => ahead(map, now, track, layer));
  };
  return [
    effect(imagery),
    effect(() => showStructures(map, s.shown.value)),
    effect(() =>
      colourStructures(map, {
        by: s.colourBy.value,
        span: s.span.value,
        now: s.layer.value === "image" || s.layer.value === "difference" ? s.now.value : null,
        selected: s.selected.value,
        visible: s.outlines.value,
      }),
    ),
    effect(() => {
      const name = s.selected.value;
      if (name) untracked(() => fly(map, name));
    }),
    effect(() => {
      const tool = s.tool.value;
      map.getCanvas().style.cursor = tool === "select" ? "" : "crosshair";
      untracked(() => {
        if (tool === "draw") sketch.begin("draw", s.current.value?.geometry ?? null);
        else sketch.begin(tool === "length" || tool === "area" ? tool : null);
      });
    }),
    play(front),
  ];
}

function fly(map: GlMap, name: string) {
  const box = s.features.value.find((f) => f.properties.id === name)?.bbox;
  if (!box) return;
  const view = map.getBounds();
  const inside = view.contains([box[0], box[1]]) && view.contains([box[2], box[3]]);
  const large = map.project([box[2], box[3]]).x - map.project([box[0], box[1]]).x > 60;
  if (inside && large) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  map.fitBounds(box, { padding: 90, maxZoom: 15.2, duration: calm ? 0 : 600 });
}

// While the analyst looks, the neighbours in time come into the browser's cache.
function ahead(map: GlMap, site: Site, track: Track, layer: s.Layer) {
  if (layer !== "image") return;
  const here = s.index.peek();
  const wanted = s.playing.peek() ? [1, 2, 3] : [1, -1];
  for (const by of wanted) {
    const time = track.times[here + by];
    if (!time) continue;
    for (const url of tilesOf(map, layerUrl(site, track, layer, time, null), site.bbox)) {
      void fetch(url, { priority: "low" } as RequestInit).catch(() => undefined);
    }
  }
}

// Frames follow each other no faster than they can be seen.
function play(front: Imagery): () => void {
  let timer = 0;
  const stop = effect(() => {
    clearTimeout(timer);
    if (!s.playing.value) return;
    const [track, now, here] = [s.track.value, s.site.value, s.index.value];
    if (!track || !now) return;
    const began = performance.now();
    const url = layerUrl(now, track, s.layer.value, s.now.value, s.beforeTime.value);
    void front.show(url).then(() => {
      timer = window.setTimeout(
        () => {
          if (!s.playing.peek()) return;
          s.index.value = here + 1 < s.times.peek().length ? here + 1 : 0;
        },
        Math.max(60, 320 - (performance.now() - began)),
      );
    });
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}

// The earlier date on a map of its own that follows the first.
function overlay(container: HTMLElement, main: GlMap, site: Site): () => void {
  const map = makeMap(container, site, false);
  const follow = () => map.jumpTo({ center: main.getCenter(), zoom: main.getZoom(), bearing: main.getBearing() });
  follow();
  main.on("move", follow);
  const ends: (() => void)[] = [];
  map.once("load", () => {
    map.resize();
    follow();
    addSite(map, site);
    const imagery = new Imagery(map, site.bbox);
    addStructures(map, false);
    ends.push(
      effect(() => {
        const track = s.track.value;
        if (track) void imagery.show(layerUrl(s.site.value ?? site, track, "image", s.beforeTime.value, null));
      }),
      effect(() => showStructures(map, s.shown.value)),
      effect(() =>
        colourStructures(map, {
          by: s.colourBy.value,
          span: s.span.value,
          now: s.beforeTime.value,
          selected: s.selected.value,
          visible: s.outlines.value,
        }),
      ),
    );
    container.dataset.ready = "yes";
  });
  const sized = new ResizeObserver(() => map.resize());
  sized.observe(container);
  return () => {
    ends.forEach((end) => end());
    sized.disconnect();
    main.off("move", follow);
    map.remove();
    delete container.dataset.ready;
  };
}

function Divider({ cut, setCut }: { cut: number; setCut: (cut: number) => void }) {
  const move = (e: PointerEvent) => {
    const box = (e.currentTarget as HTMLElement).parentElement!.getBoundingClientRect();
    if ((e.currentTarget as HTMLElement).hasPointerCapture(e.pointerId)) {
      setCut(Math.max(0.02, Math.min(0.98, (e.clientX - box.left) / box.width)));
    }
  };
  const key = (e: KeyboardEvent) => {
    const by = { ArrowLeft: -0.05, ArrowRight: 0.05 }[e.key];
    if (!by) return;
    e.preventDefault();
    e.stopPropagation();
    setCut(Math.max(0.02, Math.min(0.98, cut + by)));
  };
  return (
    <div
      class="swipe"
      style={{ left: `${cut * 100}%` }}
      role="slider"
      tabIndex={0}
      aria-label="Divider between the earlier and the later image"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(cut * 100)}
      onPointerDown={(e) => (e.currentTarget as HTMLElement).setPointerCapture(e.pointerId)}
      onPointerMove={move}
      onKeyDown={key}
    >
      <span aria-hidden="true">‹ ›</span>
    </div>
  );
}

function Caption() {
  const track = s.track.value;
  if (!track) return null;
  const text = {
    image: dateWords(s.now.value),
    mean: `Mean of ${track.times.length} images`,
    difference: `${dateWords(s.beforeTime.value)} → ${dateWords(s.now.value)}`,
    onset: "First image after each pixel's lasting change",
  }[s.layer.value];
  const more = s.layer.value === "difference" ? "mean of 3 images on each side" : track.label;
  return (
    <div class="map-caption" data-testid="caption">
      <b>{text}</b>
      <span>
        {more} · {s.band.value}
      </span>
    </div>
  );
}

function Legend() {
  const span = s.span.value;
  const layer = s.layer.value;
  const ramp = layer === "onset" || s.colourBy.value === "onset";
  return (
    <div class="legend" aria-label="Legend">
      {ramp && span ? (
        <div class="ramp">
          <span>{dateWords(span[0])}</span>
          <i class="ramp-onset" />
          <span>{dateWords(span[1])}</span>
        </div>
      ) : (
        <ul>
          <li class="confirmed">confirmed</li>
          <li class="candidate">candidate</li>
          {s.showRejected.value && <li class="rejected">rejected</li>}
        </ul>
      )}
      {layer === "difference" && (
        <div class="ramp">
          <span>−8 dB</span>
          <i class="ramp-change" />
          <span>+8 dB</span>
        </div>
      )}
    </div>
  );
}
