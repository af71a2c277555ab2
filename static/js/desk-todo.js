// Tasks by keyboard, beside j and k of staff.js: x ticks the row that the focus is in, or takes the tick off.
"use strict";
(() => {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const tick = event.target.closest("tr[data-href]")?.querySelector("[data-tick]");
    if (!tick) return;
    event.preventDefault();
    tick.click();
  });

  // A refusal answers with another page: go there instead of doing nothing.
  document.addEventListener("htmx:responseError", () => window.location.reload());

  // What was put into the box is to be read and changed: the cursor goes to its end.
  document.addEventListener("htmx:afterSwap", (event) => {
    const box = event.detail.target?.id === "message-box" && document.querySelector("#message-box textarea");
    if (!box) return;
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
  });
})();
