// Shows which sites the links lead to while they are pasted. Asks our own server only, which opens none of them.
"use strict";
for (const box of document.querySelectorAll("textarea[data-look]")) {
  const form = box.form;
  const found = form.querySelector("#found");
  const button = form.querySelector("[data-look-button]");
  if (!found || !window.fetch) continue;
  if (button) button.hidden = true;
  let waiting = 0;
  let asked = 0;

  const look = async () => {
    const mine = ++asked;
    if (!box.value.trim()) {
      found.replaceChildren();
      return;
    }
    const body = new URLSearchParams(new FormData(form));
    body.set("look", "1");
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Part": "1" }, credentials: "same-origin" });
      if (!answer.ok || mine !== asked) return;
      const part = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine === asked && !part.querySelector("main")) found.replaceChildren(...part.body.childNodes);
    } catch {
      // Only a kindness: the answer is read once more when it is sent.
    }
  };

  box.addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(look, event.inputType === "insertFromPaste" ? 50 : 500);
  });
  // On a slow line somebody pastes before this script is there.
  if (box.value !== box.defaultValue) look();
}
