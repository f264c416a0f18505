// Drawing on the map: a line or an area to measure, or a structure's outline with corners to move.
import type { GeoJSONSource, Map as GlMap, MapMouseEvent, MapTouchEvent } from "maplibre-gl";
import type { Feature, Position } from "geojson";
import type { Area } from "../api";
import { metres, squareMetres } from "../words";
import { areaOf, lengthOf } from "./geodesic";

type Kind = "length" | "area" | "draw";

export class Sketch {
  points: Position[] = [];
  #kind: Kind | null = null;
  #dragged: number | null = null;
  #changed: (text: string, outline: Area | null) => void;
  readonly #map: GlMap;

  constructor(map: GlMap, changed: (text: string, outline: Area | null) => void) {
    this.#map = map;
    this.#changed = changed;
    map.addSource("sketch", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    map.addLayer({ id: "sketch-fill", type: "fill", source: "sketch", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": "#f0e442", "fill-opacity": 0.14 } });
    map.addLayer({ id: "sketch-line", type: "line", source: "sketch", paint: { "line-color": "#f0e442", "line-width": 2 } });
    map.addLayer({
      id: "sketch-corner",
      type: "circle",
      source: "sketch",
      filter: ["==", ["geometry-type"], "Point"],
      paint: {
        "circle-radius": ["case", ["get", "middle"], 4, 6],
        "circle-color": ["case", ["get", "middle"], "#0b1016", "#f0e442"],
        "circle-stroke-color": "#f0e442",
        "circle-stroke-width": 1.5,
      },
    });
    map.on("mousedown", "sketch-corner", (e) => this.#grab(e));
    map.on("touchstart", "sketch-corner", (e) => this.#grab(e));
    map.on("mousemove", (e) => this.#drag(e));
    map.on("touchmove", (e) => this.#drag(e));
    map.on("mouseup", () => this.#drop());
    map.on("touchend", () => this.#drop());
    map.on("contextmenu", "sketch-corner", (e) => this.#remove(e));
  }

  begin(kind: Kind | null, outline: Area | null = null) {
    this.#kind = kind;
    const ring = outline?.type === "Polygon" ? outline.coordinates[0] : outline ? largest(outline) : [];
    this.points = kind === "draw" ? (ring ?? []).slice(0, -1).map((p) => [...p]) : [];
    this.#draw();
  }

  // A click puts a corner; whoever asks knows whether it was for the sketch.
  click(at: Position): boolean {
    if (!this.#kind) return false;
    if (this.#kind !== "draw" || this.points.length < 3) this.points.push(at);
    this.#draw();
    return true;
  }

  back() {
    this.points.pop();
    this.#draw();
  }

  #grab(e: MapMouseEvent | MapTouchEvent) {
    const hit = this.#map.queryRenderedFeatures(e.point, { layers: ["sketch-corner"] })[0];
    if (!this.#kind || !hit) return;
    e.preventDefault();
    const place = Number(hit.properties.place);
    if (hit.properties.middle) this.points.splice(place + 1, 0, [e.lngLat.lng, e.lngLat.lat]);
    this.#dragged = hit.properties.middle ? place + 1 : place;
    this.#map.dragPan.disable();
  }

  #drag(e: MapMouseEvent | MapTouchEvent) {
    if (this.#dragged === null) return;
    this.points[this.#dragged] = [e.lngLat.lng, e.lngLat.lat];
    this.#draw();
  }

  #drop() {
    if (this.#dragged === null) return;
    this.#dragged = null;
    this.#map.dragPan.enable();
  }

  #remove(e: MapMouseEvent) {
    const hit = this.#map.queryRenderedFeatures(e.point, { layers: ["sketch-corner"] })[0];
    if (!hit || hit.properties.middle || (this.#kind === "draw" && this.points.length <= 3)) return;
    e.preventDefault();
    this.points.splice(Number(hit.properties.place), 1);
    this.#draw();
  }

  #draw() {
    const [kind, points] = [this.#kind, this.points];
    const closed = kind === "area" || kind === "draw";
    const features: Feature[] = points.map((at, place) => corner(at, place, false));
    if (kind === "draw" && points.length >= 3) {
      points.forEach((a, i) => {
        const b = points[(i + 1) % points.length]!;
        features.push(corner([(a[0]! + b[0]!) / 2, (a[1]! + b[1]!) / 2], i, true));
      });
    }
    if (closed && points.length >= 3) {
      features.unshift({ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [[...points, points[0]!]] } });
    } else if (points.length >= 2) {
      features.unshift({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: points } });
    }
    (this.#map.getSource("sketch") as GeoJSONSource).setData({ type: "FeatureCollection", features });
    void this.#say();
  }

  async #say() {
    const [kind, points] = [this.#kind, this.points.map((p) => [...p])];
    const outline: Area | null = kind === "draw" && points.length >= 3 ? { type: "Polygon", coordinates: [[...points, points[0]!]] } : null;
    if (!kind) return this.#changed("", null);
    if (points.length < 2) return this.#changed(kind === "length" ? "Click along what to measure." : "Click the corners.", outline);
    let text: string;
    if (kind === "length" || points.length < 3) text = metres(await lengthOf(points));
    else text = `${squareMetres(await areaOf(points))} · edge ${metres(await lengthOf([...points, points[0]!]))}`;
    if (kind === this.#kind) this.#changed(text, outline);
  }
}

const corner = (at: Position, place: number, middle: boolean): Feature => ({
  type: "Feature",
  properties: { place, middle },
  geometry: { type: "Point", coordinates: at },
});

function largest(outline: Area): Position[] {
  const rings = outline.type === "MultiPolygon" ? outline.coordinates.map((p) => p[0]!) : [outline.coordinates[0]!];
  return rings.sort((a, b) => flat(b) - flat(a))[0] ?? [];
}

// Twice a ring's area in degrees, to tell the larger of two.
function flat(ring: Position[]): number {
  let sum = 0;
  ring.forEach((p, i) => {
    const q = ring[(i + 1) % ring.length]!;
    sum += p[0]! * q[1]! - q[0]! * p[1]!;
  });
  return Math.abs(sum);
}
