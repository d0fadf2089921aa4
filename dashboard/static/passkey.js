// Lets a browser that keeps keys offer them: the form stays hidden elsewhere, and nothing else depends on it.
const able = window.isSecureContext && window.PublicKeyCredential?.parseRequestOptionsFromJSON;

/** Ask the server what to ask, ask the browser, and send its answer as the form's own. */
async function answer(form) {
  const told = form.querySelector("[role=status]");
  told.hidden = true;
  try {
    const asked = await fetch(form.dataset.question, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (!asked.ok) throw new Error(asked.statusText);
    const options = await asked.json();
    const credential = form.dataset.new
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
    form.elements.answer.value = JSON.stringify(credential.toJSON());
    form.submit();
  } catch {
    told.hidden = false;
  }
}

for (const form of able ? document.querySelectorAll("form[data-question]") : []) {
  form.closest("[hidden]")?.removeAttribute("hidden");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer(form);
  });
}
