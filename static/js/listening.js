// The page that is written while listening: what belongs on it follows what was answered, and nothing typed is lost.
"use strict";
(() => {
  const form = document.getElementById("call");
  if (!form) return;
  const show = (id, shown) => {
    const one = document.getElementById(id);
    if (one) one.hidden = !shown;
  };

  // Each time it is sent counts one more: an older text that arrives late replaces nothing.
  let serial = 0;
  form.addEventListener("submit", () => {
    form.elements.serial.value = ++serial;
  });
  document.body.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id === "call-keeper") event.detail.parameters.serial = String(++serial);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(document.getElementById("call-send"));
    }
  });

  // A jump leads into the part: to what is chosen there, else to its first field.
  document.querySelector(".call-jump")?.addEventListener("click", (event) => {
    const goal = document.querySelector(event.target.closest("a")?.hash || null);
    if (!goal) return;
    const field = goal.matches("input, textarea") ? goal : (goal.querySelector("input:checked") ?? goal.querySelector("input, select, textarea"));
    event.preventDefault();
    goal.scrollIntoView({ block: "start" });
    field?.focus();
  });

  // In the words for whoever is spoken to: the answers keep their place, only what they say changes.
  const say = (id, text) => {
    const one = document.getElementById(id);
    if (one?.matches("input[type=radio], input[type=checkbox]")) one.nextElementSibling.firstChild.textContent = text;
    else if (one) {
      const label = form.querySelector(`label[for="${id}"]`);
      if (label) label.textContent = text;
    } else {
      const legend = document.getElementById(`${id}_0`)?.closest("fieldset")?.querySelector("legend");
      if (legend) legend.textContent = text;
    }
  };

  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "call-answer") return;
    const told = document.getElementById("call-told");
    // Another page came instead: the half hour is over.
    show("call-out", !told?.dataset.asked);
    show("call-lost", false);
    if (!told?.dataset.asked) return;
    const asked = new Set(told.dataset.asked.split(" "));
    for (const part of form.querySelectorAll("[data-part]")) part.hidden = !asked.has(part.dataset.part);
    if (told.dataset.voice) {
      form.elements.voice.value = told.dataset.voice;
      for (const word of told.querySelectorAll("[data-for]")) say(word.dataset.for, word.textContent);
    }
  });
  const keeper = document.getElementById("call-keeper");
  for (const trouble of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    keeper.addEventListener(trouble, () => {
      show("call-lost", true);
      setTimeout(() => keeper.dispatchEvent(new CustomEvent("call-again")), 5000);
    });
  }
})();
