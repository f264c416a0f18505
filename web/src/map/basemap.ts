// A base map below the imagery, where the server was told one: XYZ tiles, or a PMTiles file of pictures.
import { addProtocol } from "maplibre-gl";
import type { Map as GlMap } from "maplibre-gl";

export function addBasemap(map: GlMap, address: string | null) {
  if (!address) return;
  if (address.endsWith(".pmtiles")) void addArchive(map, address);
  else addTiles(map, { tiles: [address] });
}

async function addArchive(map: GlMap, address: string) {
  const { Protocol } = await import("pmtiles");
  addProtocol("pmtiles", new Protocol().tile);
  addTiles(map, { url: `pmtiles://${address}` });
}

function addTiles(map: GlMap, from: { tiles: string[] } | { url: string }) {
  map.addSource("basemap", { type: "raster", tileSize: 256, ...from });
  const above = map.getStyle().layers.find((layer) => layer.id !== "ground")?.id;
  map.addLayer({ id: "basemap", type: "raster", source: "basemap", paint: { "raster-opacity": 0.75 } }, above);
}
