// The queue by keyboard, beside j, k and / of staff.js: o opens the row, a takes it. Everything is a link or a button too.
"use strict";
(() => {
  const row = () => document.activeElement?.closest("[data-rows] tr[data-href]");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const here = row();
    if (!here) return;
    if (event.key === "o") window.location.assign(here.dataset.href);
    if (event.key === "a") here.querySelector("button[data-take]")?.form.requestSubmit();
  });
})();
