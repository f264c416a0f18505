import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { KEYS, listenToKeys } from "./keys";
import { keepLink, linkedSite, restore } from "./link";
import { MapView } from "./map/MapView";
import { Detail } from "./panels/Detail";
import { Sidebar } from "./panels/Sidebar";
import { Timeline } from "./panels/Timeline";
import { Topbar } from "./panels/Topbar";
import * as s from "./state";
import "./style.css";

function App() {
  if (s.loading.value) return <p class="boot">Loading sitewatch …</p>;
  if (s.failure.value || !s.site.value) {
    return (
      <div class="boot" role="alert">
        <h1>The site can't be shown</h1>
        <p>{s.failure.value?.message}</p>
        <p>{s.failure.value?.hint}</p>
        <button type="button" onClick={() => location.reload()}>
          Try again
        </button>
      </div>
    );
  }
  const detail = s.selected.value !== null || s.pixel.value !== null;
  return (
    <div class={detail ? "app with-detail" : "app"}>
      <Topbar />
      <Sidebar />
      <main>
        <MapView key={s.site.value.id} site={s.site.value} />
        <Timeline />
      </main>
      <Detail />
      <Toast />
      {s.help.value && <Help />}
    </div>
  );
}

function Toast() {
  const toast = s.toast.value;
  useEffect(() => {
    if (!toast) return;
    const timer = setTimeout(() => (s.toast.value = null), toast.bad ? 12_000 : 7000);
    return () => clearTimeout(timer);
  }, [toast]);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toast && (
        <div class={toast.bad ? "toast bad" : "toast"} data-testid="toast">
          <span>{toast.text}</span>
          {toast.undo && (
            <button type="button" onClick={toast.undo}>
              Undo
            </button>
          )}
          <button type="button" aria-label="Close the message" onClick={() => (s.toast.value = null)}>
            ✕
          </button>
        </div>
      )}
    </div>
  );
}

function Help() {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  return (
    <dialog ref={box} onClose={() => (s.help.value = false)} aria-label="Keys">
      <h2>Keys</h2>
      <dl>
        {KEYS.map(([key, text]) => (
          <div key={key}>
            <dt>
              {key.split(" ").map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={() => box.current?.close()}>
        Close
      </button>
    </dialog>
  );
}

const root = document.getElementById("app")!;
root.textContent = "";
render(<App />, root);
listenToKeys();
void s.begin(linkedSite()).then(() => {
  restore();
  keepLink();
  s.listen();
});
