// Quit fast: blank the screen, forget what was typed, leave. Without this script the link to /exit/ does it alone.
"use strict";
(() => {
  const link = document.querySelector("a.quit");
  if (!link) return;

  const leave = () => {
    document.documentElement.classList.add("gone");
    document.title = " ";
    document.dispatchEvent(new Event("wipe"));
    // In passing: the server forgets the cookies. We do not wait for it.
    try {
      fetch(link.href, { method: "POST", keepalive: true, credentials: "same-origin" }).catch(() => {});
    } catch {
      // Leaving matters more.
    }
    // "replace" puts the other site in the place of this page in the history.
    window.location.replace(link.dataset.away);
  };

  link.addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });

  // Shift three times within three seconds, with no other key between.
  let presses = [];
  let alone = false;
  document.addEventListener("keydown", (event) => {
    alone = event.key === "Shift";
    if (!alone) presses = [];
  });
  document.addEventListener("keyup", (event) => {
    if (event.key !== "Shift" || !alone) return;
    const now = Date.now();
    presses = [...presses.filter((at) => now - at < 3000), now];
    if (presses.length >= 3) leave();
  });
})();
