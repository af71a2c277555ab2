// A new report that speaks of danger is said on whatever page of the desk is open: over everything, read aloud, and in the
// title of the tab. It stays until somebody has seen it. The page below does not move.
"use strict";
(() => {
  const asked = document.querySelector("[data-danger-news]");
  const strip = document.querySelector("[data-alert]");
  if (!asked || !strip) return;
  const title = document.title.replace(/^\(\d+\+?\) /, "");
  const counts = title !== document.title || document.getElementById("queue-news");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  let known = null; // the reports in danger that this page knows
  let count = asked.dataset.known;
  let flashing = 0;
  let clock = 0;

  const name = () => {
    document.title = (counts && count ? `(${count}) ` : "") + title;
  };

  const flash = (word) => {
    if (flashing) return;
    if (calm.matches) {
      document.title = `${word} · ${title}`;
      return;
    }
    let on = true;
    flashing = window.setInterval(() => {
      document.title = on ? `${word} · ${title}` : title;
      on = !on;
    }, 1000);
  };
  const stopFlash = () => {
    window.clearInterval(flashing);
    flashing = 0;
    name();
  };

  const alarm = (ids, cases) => {
    const words = cases.includes(ids[0]) ? "[data-alert-case]" : "[data-alert-text]";
    const text = document.querySelector(words).content.cloneNode(true);
    const link = text.querySelector("a");
    link.href = link.getAttribute("href").replace(/[0-9a-f-]{36}/, ids[0]);
    text.querySelector("button").addEventListener("click", () => {
      strip.replaceChildren();
      stopFlash();
    });
    strip.replaceChildren(text);
    flash(strip.dataset.title);
  };

  // What somebody has looked at leaves the list, so that it is new again when it is told again.
  const hear = (waiting, cases, many) => {
    const ids = [...waiting, ...cases];
    count = many;
    if (!flashing && !strip.childElementCount) name();
    const unknown = known
      ? ids.filter((id) => !known.has(id))
      : ids.length > Number.parseInt(asked.dataset.known || "0", 10)
        ? ids.slice(-1)
        : [];
    known = new Set(ids);
    if (unknown.length) alarm(unknown, cases);
  };

  // The queue hears of it with its own news; every other page asks.
  document.addEventListener("desk:danger", (event) =>
    hear(event.detail.ids, event.detail.cases, event.detail.count),
  );
  if (document.getElementById("queue-news")) return;

  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(asked.dataset.dangerNews, { headers: { Accept: "application/json" } });
      if (answer.redirected) window.clearInterval(clock); // logged out: the next click says so
      else if (answer.ok) {
        const { danger, cases = [] } = await answer.json();
        const many = danger.length + cases.length;
        hear(danger, cases, many ? String(many) : "");
      }
    } catch {
      // No connection: the next look may have one.
    }
  };
  clock = window.setInterval(look, 15000);
  document.addEventListener("visibilitychange", look);
  look();
})();
