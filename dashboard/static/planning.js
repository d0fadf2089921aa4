// A booking dragged to another hour or machine: the drop fills in the form that moves it and sends that. The table, the
// form and its refusals are the server's; without this file every booking is still moved by its own page.
const plan = document.querySelector(".plan");
const form = document.getElementById("move");
const refused = document.getElementById("refused");
const STEP = 15;
const FAR = 6;
const hours = [...plan.querySelectorAll("thead th[data-at]")];
const clock = (minutes) => `${String(Math.floor(minutes / 60) % 24).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
const minutes = (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
let held = null;
let dropped = false;

/** The minute of the day under a place of the screen, to the quarter of an hour. */
function at(x) {
  const column = hours.findLast((each) => each.getBoundingClientRect().left <= x) ?? hours[0];
  const box = column.getBoundingClientRect();
  return minutes(column.dataset.at) + Math.round(((x - box.left) / box.width) * (60 / STEP)) * STEP;
}

/** Where the block would land now: a machine's row and a start; null outside of the table. */
function target(event) {
  held.ghost.hidden = true;
  const row = document.elementFromPoint(event.clientX, event.clientY)?.closest("tr[data-machine]");
  held.ghost.hidden = false;
  const start = at(event.clientX - held.grabbed);
  return row && start >= 0 && start < 24 * 60 ? { row, start } : null;
}

function lift(event) {
  held.ghost = held.block.cloneNode(true);
  held.ghost.classList.add("ghost");
  held.ghost.removeAttribute("href");
  held.ghost.setAttribute("aria-hidden", "true");
  held.ghost.style.width = `${held.box.width}px`;
  document.body.append(held.ghost);
  held.block.classList.add("lifted");
  held.block.setPointerCapture(event.pointerId);
  refused.hidden = true;
}

function follow(event) {
  if (!held) return;
  const far = Math.hypot(event.clientX - held.x, event.clientY - held.y);
  if (!held.ghost && far < FAR) return;
  if (!held.ghost) lift(event);
  held.ghost.style.transform = `translate(${event.clientX - held.grabbed}px, ${event.clientY - held.box.height / 2}px)`;
  held.to = target(event);
  plan.querySelector("tr.over")?.classList.remove("over");
  held.to?.row.classList.add("over");
  held.ghost.querySelector("span").textContent = held.to
    ? `${clock(held.to.start)} – ${clock(held.to.start + held.lasts)} · ${held.to.row.dataset.name}`
    : "…";
}

function putBack() {
  if (!held) return;
  // The click that follows a drag opens nothing, also after Escape.
  dropped = Boolean(held.ghost);
  held.ghost?.remove();
  held.block.classList.remove("lifted", "sent");
  plan.querySelector("tr.over")?.classList.remove("over");
  held = null;
}

/** Say why it stays, in the server's own words. */
function tell(nodes) {
  refused.querySelector(".why").replaceChildren(...nodes);
  refused.hidden = false;
  refused.scrollIntoView({ block: "nearest" });
}

async function send({ block, to, lasts }) {
  form.elements.machine.value = to.row.dataset.machine;
  form.elements.debut.value = clock(to.start);
  form.elements.fin.value = clock(to.start + lasts);
  block.classList.add("sent");
  try {
    const answer = await fetch(`${block.getAttribute("href")}/deplacer`, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (answer.ok && answer.redirected) return location.assign(answer.url);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    tell(page.querySelectorAll("[role=alert] .reason, .problem p"));
  } catch {
    tell([document.createTextNode(refused.dataset.lost)]);
  }
  block.classList.remove("sent");
}

plan.addEventListener("pointerdown", (event) => {
  const block = event.target.closest(".block[data-start]");
  dropped = false;
  if (!block || event.button !== 0 || event.pointerType === "touch") return;
  const box = block.getBoundingClientRect();
  const start = minutes(block.dataset.start);
  held = { block, box, x: event.clientX, y: event.clientY, start, lasts: Number(block.dataset.lasts), row: block.closest("tr") };
  held.grabbed = event.clientX - place(start, box.left);
});
addEventListener("pointermove", follow);
addEventListener("pointerup", () => {
  if (!held) return;
  const one = held;
  putBack();
  if (one.to && (one.to.row !== one.row || one.to.start !== one.start)) send(one);
});
addEventListener("pointercancel", putBack);
addEventListener("keydown", (event) => { if (event.key === "Escape") putBack(); });
plan.addEventListener("dragstart", (event) => event.preventDefault());
plan.addEventListener("click", (event) => { if (dropped) event.preventDefault(); dropped = false; }, true);

/** Where on the screen a minute of the day stands; a cell is half an hour, a booking may begin inside it. */
function place(minute, otherwise) {
  const column = hours.findLast((each) => minutes(each.dataset.at) <= minute);
  if (!column) return otherwise;
  const box = column.getBoundingClientRect();
  return box.left + ((minute - minutes(column.dataset.at)) / 60) * box.width;
}
