// Images that follow each other without a blink: the next is loaded out of sight, then takes the place of the last.
import type { Map as GlMap, RasterTileSource } from "maplibre-gl";

export class Imagery {
  #front: string;
  #shown = "";
  #wanted = "";
  #opacity = 1;
  #ready: () => void = () => {};
  readonly #map: GlMap;
  readonly #slots: [string, string];

  constructor(map: GlMap, bounds: [number, number, number, number], name = "image", below = "area") {
    this.#map = map;
    this.#slots = [`${name}-a`, `${name}-b`];
    this.#front = this.#slots[0];
    for (const id of this.#slots) {
      map.addSource(id, { type: "raster", tiles: [], tileSize: 512, bounds, maxzoom: 20 });
      map.addLayer(
        {
          id,
          type: "raster",
          source: id,
          layout: { visibility: "none" },
          paint: { "raster-opacity": 0, "raster-fade-duration": 0, "raster-resampling": "nearest" },
        },
        map.getLayer(below) ? below : undefined,
      );
    }
    map.on("sourcedata", () => this.#check());
    map.on("idle", () => this.#check());
  }

  // Show a layer of tiles; resolves when it is seen, or when another was asked for meanwhile.
  show(url: string, opacity = 1): Promise<void> {
    this.#opacity = opacity;
    if (url === this.#wanted) return Promise.resolve();
    this.#ready();
    this.#wanted = url;
    const back = this.#back();
    const done = new Promise<void>((resolve) => (this.#ready = resolve));
    if (!url) {
      this.#hide(this.#front);
      this.#hide(back);
      this.#shown = "";
      this.#ready();
      return done;
    }
    (this.#map.getSource(back) as RasterTileSource).setTiles([url]);
    this.#map.setLayoutProperty(back, "visibility", "visible");
    this.#map.setPaintProperty(back, "raster-opacity", 0);
    return done;
  }

  #back() {
    return this.#slots[this.#front === this.#slots[0] ? 1 : 0];
  }

  #hide(id: string) {
    this.#map.setPaintProperty(id, "raster-opacity", 0);
    this.#map.setLayoutProperty(id, "visibility", "none");
  }

  #check() {
    const back = this.#back();
    if (!this.#wanted || this.#wanted === this.#shown || !this.#map.isSourceLoaded(back)) return;
    const source = this.#map.getSource(back) as RasterTileSource;
    if (source.tiles[0] !== this.#wanted) return;
    this.#map.setPaintProperty(back, "raster-opacity", this.#opacity);
    this.#hide(this.#front);
    this.#front = back;
    this.#shown = this.#wanted;
    this.#ready();
  }
}

// Addresses of the tiles that a view needs, so that they can be fetched before they are shown.
export function tilesOf(map: GlMap, template: string, bounds: [number, number, number, number]): string[] {
  const z = Math.max(0, Math.round(map.getZoom()));
  const n = 2 ** z;
  const view = map.getBounds();
  const [west, south] = [Math.max(view.getWest(), bounds[0]), Math.max(view.getSouth(), bounds[1])];
  const [east, north] = [Math.min(view.getEast(), bounds[2]), Math.min(view.getNorth(), bounds[3])];
  const column = (lon: number) => Math.floor(((lon + 180) / 360) * n);
  const row = (lat: number) => Math.floor(((1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2) * n);
  const out: string[] = [];
  for (let x = column(west); x <= column(east) && out.length < 24; x++) {
    for (let y = row(north); y <= row(south) && out.length < 24; y++) {
      out.push(template.replace("{z}", `${z}`).replace("{x}", `${x}`).replace("{y}", `${y}`));
    }
  }
  return out;
}
