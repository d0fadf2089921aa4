// Lets the telephone keep what may be kept, where the address is safe enough for it (HTTPS, or this very computer).
if ("serviceWorker" in navigator && !document.getElementById("seen-before")?.checkVisibility()) {
  const viewer = document.querySelector('meta[name="viewer"]').content;
  const keep = () => navigator.serviceWorker.register("/sw.js").then(() => navigator.serviceWorker.ready).then((ready) => {
    ready.active.postMessage({ viewer });
  }, () => { /* An old browser, or one that was told not to: everything works without it. */ });
  // Once the page stands: on a slow link, what is kept for later must not keep anybody waiting now.
  const later = () => setTimeout(keep, 2000);
  document.readyState === "complete" ? later() : addEventListener("load", later);
}
