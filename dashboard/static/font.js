// The font comes once the page stands, so that on a slow link it keeps nobody waiting. The cookie says that this browser
// has it: from then on pages ask for it at once.
const told = document.querySelector('meta[name="font"]');
const PAUSE_MS = 1000;

const fetchFont = () => {
  const link = document.createElement("link");
  Object.assign(link, { rel: "stylesheet", href: told.content, integrity: told.dataset.integrity });
  link.onload = async () => {
    await Promise.all([400, 700].map((weight) => document.fonts.load(`${weight} 1em "Atkinson Hyperlegible"`)));
    document.cookie = "etabli_font=1; path=/; max-age=31536000; samesite=lax";
  };
  document.head.append(link);
};
const later = () => setTimeout(fetchFont, PAUSE_MS);
document.readyState === "complete" ? later() : addEventListener("load", later);
