// The map without any imagery, and the structures on it.
import type { ExpressionSpecification, GeoJSONSource, Map as GlMap, StyleSpecification } from "maplibre-gl";
import type { Feature, FeatureCollection } from "geojson";
import type { Site, StructureFeature } from "../api";
import { ONSET, STATUS } from "../colours";
import type { ColourBy } from "../state";
import { day } from "../words";

// Names are drawn with the fonts of this machine: nothing is fetched.
const FONTS = ["system-ui", "sans-serif"];

export const EMPTY: StyleSpecification = {
  version: 8,
  sources: {},
  layers: [{ id: "ground", type: "background", paint: { "background-color": "#0b1016" } }],
};

export function addSite(map: GlMap, site: Site) {
  const area: FeatureCollection = {
    type: "FeatureCollection",
    features: [{ type: "Feature", geometry: site.area, properties: {} }],
  };
  map.addSource("area", { type: "geojson", data: area });
  map.addLayer({
    id: "area",
    type: "line",
    source: "area",
    paint: { "line-color": "#c3cfdb", "line-width": 1.2, "line-dasharray": [4, 3], "line-opacity": 0.7 },
  });
  map.addSource("facilities", { type: "geojson", data: site.facilities });
  map.addLayer({
    id: "facilities",
    type: "circle",
    source: "facilities",
    paint: { "circle-radius": 4, "circle-color": "#0b1016", "circle-stroke-color": "#c3cfdb", "circle-stroke-width": 1.5 },
  });
}

export function addStructures(map: GlMap, labels: boolean) {
  map.addSource("structures", { type: "geojson", data: { type: "FeatureCollection", features: [] }, promoteId: "id" });
  map.addLayer({
    id: "structures-fill",
    type: "fill",
    source: "structures",
    paint: { "fill-color": STATUS.confirmed, "fill-opacity": 0.05 },
  });
  map.addLayer({
    id: "structures-casing",
    type: "line",
    source: "structures",
    paint: { "line-color": "#05080b", "line-width": 4, "line-opacity": 0.55 },
  });
  map.addLayer({
    id: "structures-line",
    type: "line",
    source: "structures",
    layout: { "line-join": "round" },
    paint: { "line-color": STATUS.confirmed, "line-width": 1.8 },
  });
  map.addLayer({
    id: "structures-selected",
    type: "line",
    source: "structures",
    filter: ["==", ["get", "id"], ""],
    layout: { "line-join": "round" },
    paint: { "line-color": "#ffffff", "line-width": 3 },
  });
  if (!labels) return;
  map.addSource("names", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
  map.addLayer({
    id: "structures-name",
    type: "symbol",
    source: "names",
    layout: {
      "text-field": ["get", "id"],
      "text-font": FONTS,
      "text-size": 11.5,
      "text-variable-anchor": ["left", "top", "bottom", "right"],
      "text-radial-offset": 0.6,
      "symbol-sort-key": ["match", ["get", "status"], "confirmed", 0, "candidate", 1, 2],
      "text-optional": true,
    },
    paint: { "text-color": "#f4f7fa", "text-halo-color": "#05080b", "text-halo-width": 1.6 },
  });
}

export function showStructures(map: GlMap, features: StructureFeature[]) {
  (map.getSource("structures") as GeoJSONSource | undefined)?.setData({ type: "FeatureCollection", features: features.map(slim) });
  (map.getSource("names") as GeoJSONSource | undefined)?.setData({ type: "FeatureCollection", features: features.map(named) });
}

// One name a structure, at the easternmost corner of its largest part.
function named(f: StructureFeature): Feature {
  const rings = f.geometry.type === "MultiPolygon" ? f.geometry.coordinates.map((p) => p[0]!) : [f.geometry.coordinates[0]!];
  const ring = rings.reduce((a, b) => (b.length > a.length ? b : a));
  const at = ring.reduce((a, b) => (b[0]! > a[0]! ? b : a));
  return { type: "Feature", geometry: { type: "Point", coordinates: at }, properties: { id: f.properties.id, status: f.properties.status } };
}

// Only what the map's expressions look at goes to the worker.
function slim(f: StructureFeature): StructureFeature {
  const p = f.properties;
  return {
    type: "Feature",
    geometry: f.geometry,
    properties: {
      id: p.id,
      status: p.status,
      from: p.onset_latest ? Math.floor(day(p.onset_latest)) : 0,
    },
  } as unknown as StructureFeature;
}

export function colourStructures(
  map: GlMap,
  look: { by: ColourBy; span: [string, string] | null; now: string | null; selected: string | null; visible: boolean },
) {
  if (!map.getLayer("structures-line")) return;
  const status: ExpressionSpecification = [
    "match", ["get", "status"], "confirmed", STATUS.confirmed, "candidate", STATUS.candidate, STATUS.rejected,
  ];
  let colour: ExpressionSpecification = status;
  if (look.by === "onset" && look.span) {
    const [first, last] = look.span.map(day) as [number, number];
    const stops = ONSET.flatMap((c, i) => [first + ((last - first) * i) / (ONSET.length - 1), c]);
    colour = ["case", ["<=", ["get", "from"], 0], STATUS.rejected, ["interpolate", ["linear"], ["get", "from"], ...stops]] as unknown as ExpressionSpecification;
  }
  // What is not there yet at the image shown is drawn faintly.
  const today = look.now ? day(look.now) : Infinity;
  const there: ExpressionSpecification = ["case", [">", ["get", "from"], today], 0.32, 1];
  const visibility = look.visible ? "visible" : "none";
  for (const id of ["structures-fill", "structures-casing", "structures-line", "structures-name"]) {
    if (map.getLayer(id)) map.setLayoutProperty(id, "visibility", visibility);
  }
  map.setPaintProperty("structures-line", "line-color", colour);
  map.setPaintProperty("structures-line", "line-opacity", there);
  map.setPaintProperty("structures-fill", "fill-color", colour);
  map.setFilter("structures-selected", ["==", ["get", "id"], look.selected ?? ""]);
}
