// Keyboard for the desk: "/" goes to the search, c begins a call, j and k walk the rows of a table, Enter opens the row.
"use strict";
(() => {
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
  const rows = () => [...document.querySelectorAll("[data-rows] tr[data-href], [data-rows] > li[data-href]")];

  const walk = (step) => {
    const all = rows();
    if (!all.length) return;
    const here = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[Math.min(Math.max(here + step, 0), all.length - 1)];
    (next.querySelector("a[href]") ?? next).focus();
    next.scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "/") {
      const search = document.querySelector('[data-key="/"]');
      if (!search) return;
      event.preventDefault();
      search.focus();
      search.select();
    }
    if (event.key === "c") document.querySelector('[data-key="c"]')?.click();
    if (event.key === "j") walk(1);
    if (event.key === "k") walk(-1);
  });

  // A click anywhere on a row opens it, unless it is meant for something in the row or marks text.
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-rows] [data-href]");
    if (!row || event.target.closest("a, button, input, label, select, summary")) return;
    if (window.getSelection().toString()) return;
    if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
    else window.location.assign(row.dataset.href);
  });

  const wrong = document.querySelector("[data-focus]");
  if (wrong) wrong.focus();

  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });
})();
