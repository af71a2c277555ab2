// Counts long texts. One that is too long is stopped here, where nothing of it is lost, and not after it was sent.
"use strict";
for (const box of document.querySelectorAll("textarea[data-most]")) {
  const form = box.form;
  const said = form.querySelector("[data-count]");
  const most = Number(box.dataset.most);
  if (!said) continue;
  // Counted as the server counts: by characters, with line ends as they are sent.
  const left = () => most - [...box.value.replaceAll("\n", "\r\n")].length;
  const say = () => {
    const rest = left();
    said.hidden = rest > most / 10;
    said.classList.toggle("error", rest < 0);
    const words = rest < 0 ? said.dataset.over : said.dataset.count;
    said.textContent = words.replace("%(count)s", Math.abs(rest).toLocaleString(document.documentElement.lang));
  };
  box.addEventListener("input", say);
  form.addEventListener("submit", (event) => {
    const skips = event.submitter?.name === "skip" || event.submitter?.name === "finish";
    if (left() >= 0 || skips) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    say();
    box.focus();
  });
  say();
}
