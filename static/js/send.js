// Two small mercies for forms: a second tap does not send twice, and without a network nothing is sent at all,
// so that what was typed stays on the screen.
"use strict";
(() => {
  const wrong = document.querySelector("[data-focus]");
  if (wrong) wrong.focus();

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const offline = document.getElementById("offline");
    if (offline) offline.hidden = navigator.onLine;
    if (!navigator.onLine) {
      event.preventDefault();
      if (offline) offline.focus();
      return;
    }
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    // A download or a stopped page leaves the form usable again.
    setTimeout(() => delete form.dataset.sent, 8000);
  });
})();
