// Keeps the page as the server says it is now: each event is a piece of the page that replaces the one of the same id.
const script = document.getElementById("stream");
const link = document.getElementById("link");

/** Put a piece in place of its former self, and give the focus back if it was inside. */
export function put(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.firstElementChild;
  const old = fresh && document.getElementById(fresh.id);
  if (!old || old.isEqualNode(fresh)) return;
  const active = document.activeElement;
  const focused = active && old.contains(active) ? active.id : "";
  old.replaceWith(fresh);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** Say whether the page is live; the words come with the page. */
export function tell(live) {
  if (!link) return;
  const text = live ? link.dataset.live : link.dataset.lost;
  link.classList.toggle("is-live", live);
  link.classList.toggle("is-lost", !live);
  if (link.textContent !== text) link.textContent = text ?? "";
}

/** Listen until the page goes; the browser reconnects by itself, and we do where it gives up. */
export function listen(address, onPiece) {
  let source;
  const open = () => {
    source = new EventSource(address);
    source.addEventListener("open", () => tell(true));
    source.addEventListener("piece", (event) => onPiece(event.data));
    source.addEventListener("error", () => {
      tell(false);
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 5000);
    });
  };
  open();
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

if (script?.dataset.stream) listen(script.dataset.stream, put);
