// What was typed and not sent yet is kept when a link of the page is followed (language, larger text, back): it is saved
// first, as the button "save" would do it. Only where there is such a button, and never on the way out.
"use strict";
(() => {
  const form = document.querySelector("main form[method=post]");
  if (!form || !form.querySelector("button[name=save]")) return;
  let isChanged = false;
  form.addEventListener("input", () => (isChanged = true));
  form.addEventListener("submit", () => (isChanged = false));

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href]");
    const inside = link && link.origin === window.location.origin && !link.matches(".quit, .skip, [download]");
    const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
    if (!isChanged || !inside || !isPlain || link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    body.set("save", "1");
    try {
      await fetch(form.action, { method: "POST", body, credentials: "same-origin", signal: AbortSignal.timeout(3000) });
    } catch {
      // Leaving is what was asked for.
    }
    window.location.assign(link.href);
  });
})();
