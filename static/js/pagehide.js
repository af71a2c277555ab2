// A page that is left keeps nothing of what was typed, and a page that comes back from the browser's memory is
// fetched anew. A phone that only switches to another app does not leave the page.
"use strict";
(() => {
  const KEPT = new Set(["hidden", "submit", "button", "reset", "image"]);

  const wipe = () => {
    for (const field of document.querySelectorAll("input, textarea, select")) {
      if (KEPT.has(field.type)) continue;
      if (field.type === "checkbox" || field.type === "radio") field.checked = false;
      else if (field.tagName === "SELECT") field.selectedIndex = -1;
      else field.value = "";
    }
  };

  document.addEventListener("wipe", wipe);
  window.addEventListener("pagehide", wipe);
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    document.documentElement.classList.add("gone");
    window.location.reload();
  });
})();
