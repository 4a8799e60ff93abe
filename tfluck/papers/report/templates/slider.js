"use strict";
(() => {
  const form = document.getElementById("knobs");
  if (!form) return;
  const holder = document.getElementById("frames");
  const frames = [...holder.children];
  const [seed, layer, epoch, at] = ["seed", "layer", "epoch", "at"].map((id) => document.getElementById(id));
  const values = (name) => [...new Set(frames.map((frame) => frame.dataset[name]))];
  for (const [knob, name] of [[seed, "seed"], [layer, "layer"]]) {
    for (const value of values(name)) knob.add(new Option(value, value));
  }
  let film = [];
  const show = () => {
    const chosen = film[Number(epoch.value)];
    for (const frame of frames) frame.hidden = frame !== chosen;
    at.textContent = chosen.dataset.epoch;
    epoch.setAttribute("aria-valuetext", `epoch ${chosen.dataset.epoch}`);
  };
  const choose = () => {
    const before = film.length ? film[Number(epoch.value)].dataset.epoch : null;
    film = frames.filter((frame) => frame.dataset.seed === seed.value && frame.dataset.layer === layer.value);
    const same = film.findIndex((frame) => frame.dataset.epoch === before);
    epoch.max = film.length - 1;
    epoch.value = same < 0 ? film.length - 1 : same;
    show();
  };
  seed.addEventListener("change", choose);
  layer.addEventListener("change", choose);
  epoch.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  holder.classList.add("one");
  form.hidden = false;
  choose();
})();
