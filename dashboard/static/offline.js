// Lets the telephone keep what may be kept, where the address is safe enough for it (HTTPS, or this very computer).
if ("serviceWorker" in navigator && !document.getElementById("seen-before")?.checkVisibility()) {
  const viewer = document.querySelector('meta[name="viewer"]').content;
  navigator.serviceWorker.register("/sw.js").then(() => navigator.serviceWorker.ready).then((ready) => {
    ready.active.postMessage({ viewer });
  }, () => { /* An old browser, or one that was told not to: everything works without it. */ });
}
