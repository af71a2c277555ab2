// A message half written is not left behind by a tap on something else: a question first, on the page. Never on the way out.
"use strict";
(() => {
  const box = document.querySelector("#messages form textarea");
  const asked = document.getElementById("unsent");
  if (!box || !asked) return;
  let goOn = null;
  const isHalf = () => box.value.trim() !== "";

  const ask = (event, then) => {
    event.preventDefault();
    goOn = then;
    asked.hidden = false;
    asked.focus();
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    const inside = link && link.origin === window.location.origin && !link.matches(".quit, .skip, [download]");
    const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
    if (!inside || !isPlain || !isHalf() || link.getAttribute("href").startsWith("#")) return;
    ask(event, () => window.location.assign(link.href));
  });
  // Before all others that listen: for them it is not sent yet.
  document.addEventListener(
    "submit",
    (event) => {
      const { target: form, submitter } = event;
      if (form === box.form || !isHalf()) return;
      event.stopImmediatePropagation();
      ask(event, () => {
        box.value = "";
        form.requestSubmit(submitter);
      });
    },
    true,
  );

  document.getElementById("unsent-back").addEventListener("click", () => {
    asked.hidden = true;
    box.focus();
  });
  document.getElementById("unsent-go").addEventListener("click", () => goOn());
})();
