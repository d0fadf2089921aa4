// The kiosk's own rules: an answer is never taken away unannounced, light and sound repeat it, a lost link is said.
import { listen, put } from "./live.js";
import { anew, asking, busy, guard } from "./stay.js";

const script = document.getElementById("stream-kiosk");
const link = document.getElementById("link");
const LOST_MS = 5_000;
let waiting = "";
let lostAt = 0;
let sound;

const face = () => document.getElementById("kiosk");
const lost = () => document.getElementById("lost");
const shown = () => face()?.dataset.tap ?? "";

/** A new tap is shown at once; going back to the idle screen waits until nobody is busy. */
function show(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.firstElementChild;
  const tap = fresh?.dataset.tap ?? "";
  if (tap && tap === shown() && document.querySelector("#code [name=typed]")?.value) return;
  if (tap && Number(tap) <= Number(script.dataset.seen)) return;
  if (!tap && shown() && (busy() || asking())) {
    waiting = html;
    face().classList.add("is-over");
    return;
  }
  const open = tap === shown() && face()?.querySelector("details[open]");
  const news = tap && `${tap} ${fresh.dataset.tone}` !== `${shown()} ${face()?.dataset.tone}`;
  waiting = "";
  if (tap !== shown()) anew();
  put(html);
  document.querySelector("#still [name=tap]").value = face().querySelector("[name=tap]").value;
  if (open) face()?.querySelector("details")?.setAttribute("open", "");
  if (news) repeat(fresh.dataset.tone);
}

const NOTES = { granted: [[660, 0], [880, 0.16]], refused: [[220, 0], [220, 0.28]], noted: [[520, 0]], choose: [[520, 0]] };

/** One rising sound for yes, two low ones for no, one for what is noted; the edge glows in the same rhythm. */
function repeat(tone) {
  face()?.classList.add("is-new");
  try {
    sound ??= new AudioContext();
    for (const [pitch, after] of NOTES[tone] ?? []) {
      const [voice, volume] = [sound.createOscillator(), sound.createGain()];
      const from = sound.currentTime + after;
      voice.frequency.value = pitch;
      volume.gain.setValueAtTime(0.12, from);
      volume.gain.exponentialRampToValueAtTime(0.001, from + 0.22);
      voice.connect(volume).connect(sound.destination);
      voice.start(from);
      voice.stop(from + 0.24);
    }
  } catch {
    sound = undefined; // no sound here; the light has said it
  }
}

/** The code is typed here, and sent when it is whole; what is on the screen is how much of it, never what. */
addEventListener("submit", (event) => {
  const { submitter, target } = event;
  if (target.id !== "code" || submitter?.name !== "digit") return;
  const typed = target.elements.typed;
  typed.value = submitter.value === "erase" ? typed.value.slice(0, -1) : typed.value + submitter.value;
  submitter.blur();
  const dots = target.querySelectorAll(".dots span");
  dots.forEach((dot, place) => dot.classList.toggle("on", place < typed.value.length));
  event.preventDefault();
  if (typed.value.length === dots.length) target.submit();
});

setInterval(() => {
  if (lostAt && !lost() && performance.now() - lostAt > LOST_MS) {
    face().hidden = true;
    document.querySelector("main").append(document.getElementById("away").content.cloneNode(true));
  }
  if (waiting && !busy() && !asking()) show(waiting);
}, 500);
setInterval(() => { if (!shown() && !lost()) location.reload(); }, 300_000);
new MutationObserver(() => {
  if (link.classList.contains("is-lost")) lostAt ||= performance.now();
  else if (lost()) location.reload();
  else lostAt = 0;
}).observe(link, { attributes: true, attributeFilter: ["class"] });
guard(script.dataset.home, () => shown() !== "" && !lost());
listen(script.dataset.stream, show);
