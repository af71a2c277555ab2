// Forms of the desk: a second click does not send twice; a message half written is not lost by another form; a page can be
// printed; what lies behind a link is unfolded.
"use strict";
(() => {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    const half = [...document.querySelectorAll("form[data-unsent]")].find(
      (other) => other !== form && [...other.querySelectorAll("textarea")].some((box) => box.value.trim() !== box.defaultValue.trim()),
    );
    if (form.dataset.sent || (half && !form.hasAttribute("hx-post") && !window.confirm(half.dataset.unsent))) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    // A page that was stopped leaves the form usable again.
    setTimeout(() => delete form.dataset.sent, 5000);
  });

  for (const button of document.querySelectorAll("button[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  // On paper everything is read: folded parts are opened for it, and folded again. The story stays as its reader left it.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("main details:not([open], .no-print, .story-fold)")];
    for (const one of opened) one.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });

  const unfold = () => {
    const id = decodeURIComponent(window.location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (!target) return;
    const fold = target.matches("details") ? target : target.querySelector("details[data-goal]");
    if (fold) fold.open = true;
  };
  window.addEventListener("hashchange", unfold);
  unfold();
})();
