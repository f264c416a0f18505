// Without this script, and in print, the page shows the same pictures side by side.
(() => {
  "use strict";
  const make = (tag, className, parent, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text) node.textContent = text;
    if (parent) parent.append(node);
    return node;
  };

  // Lay the picture of one figure over that of another: both have the same frame and the same size.
  const swipe = (pair) => {
    const images = [...pair.querySelectorAll("img")];
    if (images.length !== 2) return;
    const names = images.map((image) => image.closest("figure").querySelector("figcaption").textContent.split(":")[0]);
    const button = make("button", "", null, "Swipe one over the other");
    button.type = "button";
    button.setAttribute("aria-expanded", "false");
    pair.after(button);
    let box;
    button.addEventListener("click", () => {
      if (!box) box = build();
      const open = box.hidden;
      box.hidden = !open;
      button.setAttribute("aria-expanded", String(open));
    });
    const build = () => {
      const box = make("div", "swipe");
      box.hidden = true;
      const stage = make("div", "stage", box);
      images.forEach((image, number) => {
        const [x, y, w, h] = image.dataset.inside.split(" ").map(Number);
        if (!number) stage.style.aspectRatio = String((image.naturalWidth * w) / (image.naturalHeight * h));
        const layer = make("div", number ? "layer over" : "layer", stage);
        const copy = image.cloneNode();
        copy.draggable = false;
        Object.assign(copy.style, {
          width: `${100 / w}%`, height: `${100 / h}%`, left: `${(-100 * x) / w}%`, top: `${(-100 * y) / h}%`,
        });
        layer.append(copy);
      });
      make("div", "edge", stage);
      make("span", "tag left", stage, names[0]);
      make("span", "tag right", stage, names[1]);
      const range = make("input", "", box);
      Object.assign(range, { type: "range", min: "0", max: "100", value: "50" });
      range.setAttribute("aria-label", `Left of the line: ${names[0]}; right of it: ${names[1]}`);
      const show = () => stage.style.setProperty("--at", `${range.value}%`);
      const follow = (event) => {
        const area = stage.getBoundingClientRect();
        range.value = String((100 * (event.clientX - area.left)) / area.width);
        show();
      };
      range.addEventListener("input", show);
      stage.addEventListener("pointerdown", (event) => {
        stage.setPointerCapture(event.pointerId);
        follow(event);
      });
      stage.addEventListener("pointermove", (event) => event.buttons && follow(event));
      show();
      button.after(box);
      return box;
    };
  };

  // A slider through time over the frames of a strip.
  const play = (film) => {
    const frames = [...film.querySelectorAll(".strip img")];
    if (frames.length < 2) return;
    const player = make("div", "player");
    const shown = make("img", "", player);
    const row = make("div", "row", player);
    const button = make("button", "", row, "Play");
    button.type = "button";
    const range = make("input", "", row);
    Object.assign(range, { type: "range", min: "0", max: String(frames.length - 1), value: String(frames.length - 1) });
    range.setAttribute("aria-label", "Image");
    const show = () => {
      const frame = frames[Number(range.value)];
      shown.src = frame.src;
      shown.alt = frame.alt;
      range.setAttribute("aria-valuetext", frame.alt);
    };
    let timer = 0;
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      button.textContent = "Play";
    };
    button.addEventListener("click", () => {
      if (timer) return stop();
      button.textContent = "Stop";
      if (Number(range.value) === frames.length - 1) range.value = "0";
      show();
      timer = setInterval(() => {
        if (Number(range.value) === frames.length - 1) return stop();
        range.value = String(Number(range.value) + 1);
        show();
      }, 500);
    });
    range.addEventListener("input", () => {
      stop();
      show();
    });
    show();
    film.prepend(player);
    film.classList.add("live");
  };

  document.querySelectorAll(".pair").forEach(swipe);
  document.querySelectorAll(".film").forEach(play);
})();
