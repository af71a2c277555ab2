// The queue by keyboard, beside j, k and / of staff.js, and kept up to date by htmx. What a hand or an eye is on never
// moves by itself: facts change in their place, a row that left is greyed, and what is new waits until it is asked for.
"use strict";
(() => {
  const find = (name) => document.querySelector(`[data-${name}]`);
  const list = () => document.getElementById("queue-list");
  const rows = () => [...document.querySelectorAll("#queue-list tr[data-id]")];
  const show = (name, shown) => {
    const one = find(name);
    if (one) one.hidden = !shown;
  };

  // --- keys ---------------------------------------------------------------------------------------------
  const help = document.getElementById("keys");
  const openHelp = () => help.open || help.showModal();
  show("keys-open", Boolean(help));
  find("keys-open")?.addEventListener("click", openHelp);
  // While it is open, keys are its own.
  help?.addEventListener("keydown", (event) => event.stopPropagation());

  const tick = (row) => row.querySelector("input[name=report]");
  const keys = {
    o: (row) => row && window.location.assign(row.dataset.href),
    a: (row) => row?.querySelector(".with:not(:has([data-who=other])) button[data-take]")?.click(),
    x: (row) => row && tick(row)?.click(),
    n: () => find("next")?.requestSubmit(),
    r: () => find("show")?.click(),
    "?": () => help && openHelp(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key](document.activeElement?.closest("[data-rows] tr[data-href]"));
  });

  // --- ticks: with Shift, everything between this one and the last one --------------------------------------
  let last = null;
  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("input[name=report]");
    if (!box) return;
    const all = rows().map(tick).filter(Boolean);
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) for (const one of all.slice(from, to + 1)) one.checked = box.checked;
    last = box;
  });

  // --- news -----------------------------------------------------------------------------------------------
  const news = document.getElementById("queue-news");
  if (!news || !window.htmx) return;

  // What lies under the pointer or has the focus, else the first row in sight, stays where it is on the screen.
  const anchor = () => {
    const seen = rows();
    return (
      seen.find((row) => row.matches(":hover")) ??
      seen.find((row) => row.contains(document.activeElement)) ??
      seen.find((row) => row.getBoundingClientRect().bottom > 0)
    );
  };
  const still = (change) => {
    const row = anchor();
    const before = row?.getBoundingClientRect().top ?? 0;
    change();
    const moved = (row?.getBoundingClientRect().top ?? 0) - before;
    if (moved) window.scrollBy({ top: moved, behavior: "instant" });
  };

  // Columns keep the width they had: a longer word moves nothing sideways.
  const hold = () => {
    const table = document.querySelector("#queue-list table");
    if (!table) return;
    const heads = [...table.querySelectorAll("thead th")];
    table.style.tableLayout = "";
    for (const head of heads) head.style.inlineSize = "";
    const widths = heads.map((head) => head.getBoundingClientRect().width);
    heads.forEach((head, place) => {
      head.style.inlineSize = `${widths[place]}px`;
    });
    table.style.tableLayout = "fixed";
  };
  hold();
  window.addEventListener("resize", hold);

  const write = (part, from) => {
    if (!part) return;
    if (from.dataset.who) part.dataset.who = from.dataset.who;
    else delete part.dataset.who;
    if (part.innerHTML !== from.innerHTML) part.replaceChildren(...from.cloneNode(true).childNodes);
  };

  // A button that goes hands its focus to the row.
  const keepFocus = (row) => {
    if (row.querySelector(".with").contains(document.activeElement)) row.querySelector("a[href]").focus();
  };

  const leave = (row) => {
    keepFocus(row);
    row.classList.add("gone");
    for (const control of row.querySelectorAll("button, input")) {
      control.disabled = true;
      control.checked = false;
    }
    const mark = row.querySelector(".with [data-part]");
    mark.dataset.who = "other";
    mark.textContent = row.closest("table").dataset.gone;
  };

  const update = (row, told) => {
    for (const from of told.children) {
      if (from.dataset.who === "other") keepFocus(row);
      write(row.querySelector(`[data-part="${from.dataset.part}"]`), from);
    }
  };

  const read = (told) => {
    const now = new Map([...told.children].map((one) => [one.dataset.id, one]));
    const there = rows();
    const order = [...now.keys()];
    const shown = new Set(there.map((row) => row.dataset.id));
    // Up to here the answer and the screen speak of the same part of the list.
    const end = "complete" in list().dataset ? order.length : Math.max(...there.map((row) => order.indexOf(row.dataset.id)));
    const fresh = order.slice(0, Math.max(end, 0)).filter((id) => !shown.has(id));
    const sure = "whole" in told.dataset ? there.length : there.findLastIndex((row) => now.has(row.dataset.id));

    still(() => {
      there.forEach((row, place) => {
        const one = now.get(row.dataset.id);
        if (one) update(row, one);
        else if (place < sure && !row.classList.contains("gone")) leave(row);
      });
    });
    for (const number of document.querySelectorAll("[data-count]")) {
      number.textContent = told.getAttribute(`data-count-${number.dataset.count}`) ?? "";
    }
    const gone = there.filter((row) => row.classList.contains("gone")).length;
    for (const [what, many] of [
      ["bar-new", fresh.length],
      ["bar-gone", gone],
    ]) {
      show(what, many > 0);
      const number = find(what).querySelector("b");
      if (number.textContent !== String(many)) number.textContent = many;
    }
    show("bar-news", fresh.length + gone > 0);
    show("show", fresh.length + gone > 0);

    const split = (text) => (text ?? "").split(" ").filter(Boolean);
    const detail = {
      ids: split(told.dataset.danger),
      cases: split(told.dataset.cases),
      count: told.getAttribute("data-count-danger"),
    };
    document.dispatchEvent(new CustomEvent("desk:danger", { detail }));
  };

  // What the page knows already is not sent again.
  news.addEventListener("htmx:configRequest", (event) => {
    const told = news.querySelector("#news");
    if (told) event.detail.parameters.seen = told.dataset.seen;
  });
  news.addEventListener("htmx:afterOnLoad", () => show("bar-lost", false));
  news.addEventListener("htmx:afterSwap", () => {
    const told = news.querySelector("#news");
    // Another page came instead: the half hour is over.
    show("bar-out", !told);
    show("in", !told);
    if (told) read(told);
  });
  for (const trouble of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    news.addEventListener(trouble, () => show("bar-lost", true));
  }

  // The list as it is now was asked for: what was ticked stays ticked.
  let ticked = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id === "queue-list") {
      ticked = rows().map(tick).filter((box) => box?.checked).map((box) => box.value);
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id !== "queue-list") return;
    for (const box of rows().map(tick)) if (box && ticked.includes(box.value)) box.checked = true;
    for (const what of ["bar-news", "show"]) show(what, false);
    hold();
  });
})();
