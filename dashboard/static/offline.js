// Lets the telephone keep what may be kept, where the address is safe enough for it (HTTPS, or this very computer).
// And has the font fetched where it is not there yet, once all that the page needs has come.
const told = document.querySelector('meta[name="font"]');
const whole = (then) => (document.readyState === "complete" ? then() : addEventListener("load", then));
if (told) whole(() => import("./font.js"));

if ("serviceWorker" in navigator && !document.getElementById("seen-before")?.checkVisibility()) {
  const viewer = document.querySelector('meta[name="viewer"]').content;
  const tell = (worker) => worker.postMessage({ viewer });
  const keep = () => navigator.serviceWorker.register("/sw.js").then(() => navigator.serviceWorker.ready)
    .then((ready) => tell(ready.active), () => { /* An old browser, or one that was told not to: all works without. */ });
  if (navigator.serviceWorker.controller) {
    // Whoever looks is told at once: what was kept for somebody else must go.
    tell(navigator.serviceWorker.controller);
    keep();
  } else {
    // The first time once the page stands: on a slow link, what is kept for later must keep nobody waiting now.
    whole(() => setTimeout(keep, 2000));
  }
}
