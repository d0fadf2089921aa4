// Asks again until the badge was tapped: the part that waits is put in place by what the server says now.
// A part with `data-changes` goes on: what hangs on a machine is heard or lost at any time.
const waiting = document.getElementById("tap");

async function look() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.ok && !answer.redirected) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("tap");
      if ("changes" in waiting.dataset) {
        const read = waiting.contains(document.activeElement);
        if (fresh && !read && fresh.textContent !== waiting.textContent) waiting.replaceChildren(...fresh.childNodes);
      } else if (fresh?.querySelector("form, .warn")) {
        waiting.replaceChildren(...fresh.childNodes);
        document.getElementById("give")?.focus();
        return;
      }
    }
  } catch {
    // The server is away for a moment: ask again.
  }
  setTimeout(look, 1200);
}

if (waiting) setTimeout(look, 1200);
