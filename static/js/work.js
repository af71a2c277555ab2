// In a crowd a form brings a riddle along. It is solved beside the page while somebody writes; a form that waits for
// nothing else then goes on by itself. Without this script a button after some seconds does the same.
"use strict";
for (const field of document.querySelectorAll("input[data-challenge]:not([data-begun])")) {
  field.dataset.begun = "yes";
  const form = field.form;
  const waits = Number(form.dataset.waits ?? 0);
  const button = form.querySelector('button[type="submit"]');
  const bar = form.querySelector("progress");
  const goOn = () => waits && button.click();

  if (waits) {
    form.querySelector("[data-by-hand]").hidden = true;
    form.querySelector("[data-by-itself]").hidden = false;
    // Whatever becomes of the riddle, the wait is over then.
    setTimeout(goOn, (waits + 1) * 1000);
  }
  if (!window.Worker || !window.crypto?.subtle) continue;
  const worker = new Worker(field.dataset.worker);
  worker.addEventListener("message", ({ data }) => {
    if (bar) bar.value = data.nonce === undefined ? data.share * 100 : 100;
    if (data.nonce === undefined) return;
    field.value = `${field.dataset.challenge}:${data.nonce}`;
    worker.terminate();
    goOn();
  });
  worker.postMessage({ challenge: field.dataset.challenge, bits: Number(field.dataset.bits) });
}
