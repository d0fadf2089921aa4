// Nobody's page vanishes unannounced: after a minute without a finger it asks, twenty seconds later it leaves.
import { listen } from "./live.js";

const QUIET_MS = 60_000;
const LAST_CALL_MS = 20_000;
const still = document.getElementById("still");
let touched = performance.now();
let asked = 0;

export const busy = () => performance.now() - touched < QUIET_MS;
export const asking = () => still.open;

/** Begin the minute anew: somebody else stands there, or somebody has answered. */
export function anew() {
  touched = performance.now();
  still.close();
}

/** Where the person goes who does not answer. */
function leave(home) {
  const form = document.querySelector("form.leave");
  if (form) form.requestSubmit();
  else location.assign(home);
}

/** Look twice a second, as long as somebody's page is shown. */
export function guard(home, theirs) {
  document.getElementById("stay").addEventListener("click", anew);
  setInterval(() => {
    const now = performance.now();
    if (still.open && now - asked > LAST_CALL_MS) leave(home);
    if (still.open || busy() || !theirs()) return;
    asked = now;
    still.showModal();
  }, 500);
}

for (const kind of ["pointerdown", "keydown", "touchstart"]) {
  addEventListener(kind, () => { touched = performance.now(); }, { passive: true });
}
const alone = document.getElementById("guard");
if (alone) guard(alone.dataset.home, () => true);
// The next badge is answered at once, and not in front of the hours of whoever stood there before.
if (alone?.dataset.stream) {
  listen(alone.dataset.stream, (html) => {
    const [, tap] = html.match(/data-tap="(\d+)"/) ?? [];
    if (Number(tap) > Number(alone.dataset.newest)) location.assign(alone.dataset.home);
  });
}
