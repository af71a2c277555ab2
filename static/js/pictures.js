// The page for screenshots: choose one, paste it or drop it. What covers it (redact.js and its style sheet) is loaded only
// then, so that the page is light for everybody who only looks. Nothing leaves from here.
"use strict";
(() => {
  const form = document.getElementById("redact");
  if (!form) return;
  if (!window.createImageBitmap || !window.PointerEvent) {
    document.querySelector("[data-old]").hidden = false;
    return;
  }

  const says = form.dataset;
  const find = (name) => form.querySelector(name);
  const file = find("#redact-file");
  const drop = find("[data-drop]");
  const error = find("[data-error]");
  const opening = find("[data-opening]");
  let editor = null;
  let tries = 0;
  let waiting = null; // chosen, until the editor is here

  const style = (address) =>
    new Promise((loaded, failed) => {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = address;
      link.addEventListener("load", loaded);
      link.addEventListener("error", () => {
        link.remove();
        failed(new Error("The style sheet did not come."));
      });
      document.head.append(link);
    });

  // Some browsers remember that a module did not come, so it is asked for under another name the next time.
  const load = async () => {
    const again = tries ? `?${tries}` : "";
    const [module] = await Promise.all([import(says.editor + again), style(says.look + again)]);
    return module.editorOf(form);
  };

  const take = async (chosen) => {
    const isAsked = Boolean(waiting);
    waiting = chosen;
    error.textContent = "";
    if (!editor && isAsked) return; // it is on its way
    if (!editor) {
      opening.hidden = false;
      find("[data-live]").textContent = opening.textContent;
    }
    try {
      editor ??= await load();
    } catch {
      tries++;
      waiting = null;
      file.value = "";
      error.textContent = says.sayNotLoaded;
    }
    opening.hidden = true;
    const wanted = waiting;
    waiting = null;
    if (editor && wanted) await editor.open(wanted);
  };

  file.addEventListener("change", () => file.files[0] && take(file.files[0]));

  const fileIn = (transfer) => [...(transfer?.files ?? [])].find((one) => one.type.startsWith("image/"));
  form.addEventListener("paste", (event) => {
    const pasted = fileIn(event.clipboardData);
    if (!pasted || editor?.isOpen()) return;
    event.preventDefault();
    take(pasted);
  });
  // A picture that is dropped beside the box must not take the place of the page.
  for (const name of ["dragover", "drop"]) {
    document.addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      const inside = drop.contains(event.target);
      drop.classList.toggle("over", inside && name === "dragover");
      const dropped = name === "drop" && inside && fileIn(event.dataTransfer);
      if (dropped) take(dropped);
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));

  const forget = () => {
    waiting = null;
    file.value = "";
  };
  document.addEventListener("wipe", forget);
  window.addEventListener("pagehide", forget);
  form.hidden = false;
})();
