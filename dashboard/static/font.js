// The font comes once the page stands, and the later the longer the page itself took: on a slow link it weighs more than
// all else, and whoever goes on to the next page must not wait behind it. The cookie says that this browser has it: from
// then on pages ask for it at once.
const told = document.querySelector('meta[name="font"]');
const SOONEST_MS = 1000;
const TIMES = 5;

const fetchFont = () => {
  const link = document.createElement("link");
  Object.assign(link, { rel: "stylesheet", href: told.content, integrity: told.dataset.integrity });
  link.onload = async () => {
    await Promise.all([400, 700].map((weight) => document.fonts.load(`${weight} 1em "Atkinson Hyperlegible"`)));
    document.cookie = "etabli_font=1; path=/; max-age=31536000; samesite=lax";
  };
  document.head.append(link);
};
const later = () => setTimeout(fetchFont, Math.max(SOONEST_MS, TIMES * performance.now()));
if (told) document.readyState === "complete" ? later() : addEventListener("load", later);
