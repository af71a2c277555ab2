// Fingerprints of pictures and videos, made on this device. Files go to a Worker of this page and nowhere else; what the
// form sends is a list of numbers. Where this can't work, the box stays hidden and a sentence says so.
"use strict";
for (const box of document.querySelectorAll("[data-fingerprints]")) {
  const part = (name) => box.querySelector(`[data-print-${name}]`);
  const field = box.querySelector("input[type=hidden]");
  const [input, choose, work, bar, cancel, list, said] = [
    "files", "choose", "work", "bar", "cancel", "list", "said",
  ].map(part);
  const form = field.form;
  const most = Number(box.dataset.most);
  let prints = []; // [{kind, likeness, facts}]
  let worker = null;

  const say = (...names) => {
    said.textContent = names.map((name) => said.dataset[name]).join(" ");
  };

  const show = () => {
    field.value = prints.length ? JSON.stringify(prints.flatMap((one) => one.facts)) : "";
    const count = { picture: 0, video: 0 };
    list.replaceChildren(
      ...prints.map((one) => {
        const row = part("row").content.firstElementChild.cloneNode(true);
        const number = ++count[one.kind];
        for (const place of row.querySelectorAll(`[data-${one.kind}]`)) {
          place.textContent = place.dataset[one.kind].replace("%(number)s", number);
        }
        row.querySelector(`[data-likeness="${one.likeness}"]`).hidden = false;
        row.querySelector("button").addEventListener("click", () => remove(one));
        return row;
      }),
    );
    list.hidden = !prints.length;
    part("blurred").hidden = !prints.some((one) => one.likeness === "blurred");
  };

  const remove = (one) => {
    const at = prints.indexOf(one);
    prints = prints.filter((other) => other !== one);
    show();
    say("removed");
    const next = list.querySelectorAll("button")[Math.min(at, prints.length - 1)];
    (next ?? choose).focus();
  };

  // What an earlier page kept, read back: the digests of one file stand beside each other, in the worker's order.
  const kept = () => {
    const found = [];
    let facts;
    try {
      facts = JSON.parse(field.value || "[]");
    } catch {
      return found;
    }
    for (const fact of Array.isArray(facts) ? facts : []) {
      if (typeof fact?.algorithm !== "string") continue;
      const last = found.at(-1);
      const before = last?.facts.at(-1).algorithm;
      if (fact.algorithm === "md5" && before === "sha256" && last.facts.length === 1) {
        last.kind = "video";
        last.facts.push(fact);
      } else if (fact.algorithm === "sha256" && before === "pdq") {
        last.facts.push(fact);
      } else {
        const likeness = fact.algorithm !== "pdq" ? "exact" : fact.quality < 50 ? "plain" : "usable";
        found.push({ kind: "picture", likeness, facts: [fact] });
      }
    }
    return found;
  };

  const rest = () => {
    worker?.terminate();
    worker = null;
    const hadFocus = work.contains(document.activeElement);
    work.hidden = true;
    choose.hidden = false;
    if (hadFocus) choose.focus();
  };

  // This browser is too old for it: what was there before stays.
  const giveUp = () => {
    rest();
    choose.hidden = true;
    part("old").hidden = false;
  };

  const start = (files) => {
    if (worker || !files.length) return;
    const failures = new Set();
    let added = 0;
    let read = 0;
    const whole = files.reduce((sum, file) => sum + file.size, 0) || 1;
    try {
      worker = new Worker(box.dataset.worker, { type: "module" });
    } catch {
      giveUp();
      return;
    }
    const mine = worker;
    mine.addEventListener("error", giveUp);
    mine.addEventListener("message", ({ data }) => {
      if (worker !== mine) return;
      if (data.what === "read") {
        read += data.bytes;
        bar.value = read / whole;
      }
      if (data.what === "refused") failures.add(data.why);
      if (data.what === "print") {
        const digest = data.facts.at(-1).value;
        if (prints.some((one) => one.facts.at(-1).value === digest)) failures.add("twice");
        else if (prints.flatMap((one) => one.facts).length + data.facts.length > most) failures.add("full");
        else {
          prints.push({ kind: data.kind, likeness: data.likeness, facts: data.facts });
          added++;
          show();
        }
      }
      if (data.what === "done") {
        rest();
        say(...(added ? [added === 1 ? "one" : "many"] : []), ...failures);
      }
    });
    const hadFocus = document.activeElement === choose;
    bar.value = 0;
    choose.hidden = true;
    work.hidden = false;
    if (hadFocus) cancel.focus();
    say("works");
    mine.postMessage({ files });
  };

  const wipe = () => {
    rest();
    prints = [];
    show();
    input.value = "";
    said.textContent = "";
  };

  choose.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = ""; // this page keeps no hold of the file, and the same one can be chosen again
    start(files);
  });
  cancel.addEventListener("click", () => {
    rest();
    say("stopped");
  });

  const held = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  box.addEventListener("dragover", (event) => held(event) && box.classList.add("over"));
  box.addEventListener("dragleave", (event) => {
    if (!box.contains(event.relatedTarget)) box.classList.remove("over");
  });
  box.addEventListener("drop", (event) => {
    box.classList.remove("over");
    start([...event.dataTransfer.files]);
  });
  // Dropped beside the box, a picture would open in the place of this page, large.
  for (const name of ["dragover", "drop"]) {
    document.addEventListener(name, (event) => {
      if (!held(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = box.contains(event.target) ? "copy" : "none";
    });
  }

  form.addEventListener("submit", (event) => {
    const skips = event.submitter?.name === "skip" || event.submitter?.name === "finish";
    if (!worker || skips) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    say("wait");
    cancel.focus();
  });
  document.addEventListener("wipe", wipe);
  window.addEventListener("pagehide", wipe);

  prints = kept();
  show();
  part("without").hidden = true;
  part("with").hidden = false;
}
