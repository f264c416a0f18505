// Lengths and areas on the WGS 84 ellipsoid (Karney 2013), not on the map.
import type { Position } from "geojson";

export async function lengthOf(line: Position[]): Promise<number> {
  const { default: lib } = await import("geographiclib-geodesic");
  const path = lib.Geodesic.WGS84.Polygon(true);
  for (const [lon, lat] of line) path.AddPoint(lat!, lon!);
  return path.Compute(false, true).perimeter ?? 0;
}

export async function areaOf(ring: Position[]): Promise<number> {
  const { default: lib } = await import("geographiclib-geodesic");
  const polygon = lib.Geodesic.WGS84.Polygon(false);
  for (const [lon, lat] of ring) polygon.AddPoint(lat!, lon!);
  return Math.abs(polygon.Compute(false, true).area ?? 0);
}
