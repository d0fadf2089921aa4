// The kiosk's own rule: an answer is never taken away from someone who is busy with it.
import { listen, put } from "./live.js";

const script = document.getElementById("stream-kiosk");
const QUIET_MS = 60_000;
let touched = -QUIET_MS;
let waiting = "";

const face = () => document.getElementById("kiosk");
const busy = () => performance.now() - touched < QUIET_MS || face()?.querySelector("details[open]") !== null && performance.now() - touched < 2 * QUIET_MS;

/** A new tap is shown at once; going back to the idle screen waits until nobody is busy. */
function show(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const tap = template.content.firstElementChild?.dataset.tap ?? "";
  const shown = face()?.dataset.tap ?? "";
  if (tap && tap === script.dataset.seen) return;
  if (!tap && shown && busy()) {
    waiting = html;
    return;
  }
  const open = tap === shown && face()?.querySelector("details[open]");
  waiting = "";
  put(html);
  if (open) face()?.querySelector("details")?.setAttribute("open", "");
}

for (const kind of ["pointerdown", "keydown", "touchstart"]) {
  addEventListener(kind, () => { touched = performance.now(); }, { passive: true });
}
setInterval(() => { if (waiting && !busy()) show(waiting); }, 1000);
listen(script.dataset.stream, show);
