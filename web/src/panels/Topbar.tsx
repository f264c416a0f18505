// What is shown on the map, and by what.
import * as s from "../state";

const LAYERS: [s.Layer, string, string][] = [
  ["image", "Image", "One acquisition"],
  ["mean", "Mean", "Mean of all acquisitions"],
  ["difference", "Difference", "What became brighter or darker between two dates"],
  ["onset", "Onset", "When each pixel changed for good"],
];

export function Topbar() {
  const site = s.site.value!;
  const track = s.track.value;
  const sites = s.sites.value ?? [];
  const two = s.swipe.value || s.layer.value === "difference";
  return (
    <header class="topbar">
      <button type="button" class="menu" aria-label="Show the list" aria-expanded={s.drawer.value} onClick={() => (s.drawer.value = !s.drawer.value)}>
        ☰
      </button>
      <span class="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M6 22h20" stroke="#56b4e9" stroke-width="2.6" stroke-linecap="round" />
          <path d="M16 22V9" stroke="#e69f00" stroke-width="3.6" stroke-linecap="round" />
          <circle cx="16" cy="9" r="3.4" fill="#e69f00" />
          <path d="M9 14a9 9 0 0 1 14 0" fill="none" stroke="#8fa3b8" stroke-width="2" stroke-linecap="round" />
        </svg>
      </span>
      {sites.length > 1 ? (
        <select class="site" aria-label="Site" value={site.id} onChange={(e) => void s.openSite(e.currentTarget.value).catch(s.complain)}>
          {sites.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </select>
      ) : (
        <h1>{site.name}</h1>
      )}
      <div class="segmented" role="radiogroup" aria-label="Layer">
        {LAYERS.map(([id, text, hint], i) => (
          <button type="button" role="radio" key={id} aria-checked={s.layer.value === id} title={`${hint} (${i + 1})`} disabled={!track || (id === "onset" && !track.has_onset_map)} onClick={() => (s.layer.value = id)}>
            {text}
          </button>
        ))}
      </div>
      {site.tracks.length > 1 && (
        <select aria-label="Track" value={track?.name} onChange={(e) => s.setTrack(e.currentTarget.value)}>
          {site.tracks.map((t) => (
            <option key={t.name} value={t.name}>
              {t.label} ({t.times.length})
            </option>
          ))}
        </select>
      )}
      {track && track.polarisations.length > 1 && (
        <div class="segmented" role="radiogroup" aria-label="Polarisation">
          {track.polarisations.map((one) => (
            <button type="button" role="radio" key={one} aria-checked={s.band.value === one} onClick={() => (s.band.value = one)}>
              {one}
            </button>
          ))}
        </div>
      )}
      <button type="button" aria-pressed={s.swipe.value} disabled={!track} title="Compare with an earlier date (s)" onClick={() => (s.swipe.value = !s.swipe.value)} data-testid="swipe">
        Swipe
      </button>
      {two && (
        <button type="button" title="Take the image shown as the earlier one (b)" onClick={() => (s.before.value = s.index.value)}>
          Set before
        </button>
      )}
      <span class="grow" />
      <div class="tools" role="group" aria-label="Tools">
        {(["probe", "length", "area"] as const).map((one) => (
          <button type="button" key={one} aria-pressed={s.tool.value === one} onClick={() => (s.tool.value = s.tool.value === one ? "select" : one)}>
            {{ probe: "Pixel", length: "Length", area: "Area" }[one]}
          </button>
        ))}
      </div>
      <label class="by">
        Colour
        <select value={s.colourBy.value} onChange={(e) => (s.colourBy.value = e.currentTarget.value as s.ColourBy)}>
          <option value="status">by status</option>
          <option value="onset">by onset</option>
        </select>
      </label>
      <button type="button" aria-pressed={s.outlines.value} title="Show or hide outlines (h)" onClick={() => (s.outlines.value = !s.outlines.value)}>
        Outlines
      </button>
      <button type="button" aria-label="Keys" title="All keys (?)" onClick={() => (s.help.value = true)}>
        ?
      </button>
      {s.progress.value && (
        <div class="progress" role="progressbar" aria-label={s.progress.value.text} aria-valuenow={s.progress.value.share === null ? undefined : Math.round(s.progress.value.share * 100)} title={s.progress.value.text}>
          <i style={{ width: `${(s.progress.value.share ?? 1) * 100}%` }} />
        </div>
      )}
    </header>
  );
}
