// How far a file is: asks every two seconds while it is being read, and shows the page anew when it is done.
"use strict";
(() => {
  const look = async () => {
    const here = document.querySelector("[data-progress]");
    if (!here) return;
    if (document.visibilityState === "visible") {
      try {
        const answer = await fetch(here.dataset.progress, { credentials: "same-origin", redirect: "error" });
        if (answer.ok) {
          const page = new DOMParser().parseFromString(await answer.text(), "text/html");
          const now = page.getElementById("progress");
          if (now && !now.dataset.progress) {
            location.reload();
            return;
          }
          const bar = now && now.querySelector("progress");
          if (bar) {
            here.querySelector("progress").value = bar.value;
            here.querySelector("label").textContent = now.querySelector("label").textContent;
          }
        }
      } catch {
        // The next look may find it.
      }
    }
    setTimeout(look, 2000);
  };
  setTimeout(look, 2000);
})();
