// Chooses a file in the box `count` times, as a finger would: milliseconds until its row is there, and the longest time
// in which the page could not have answered a tap (`stall`), beside that of the same page with nothing to do (`idle`).
async ({ file, count }) => {
  const box = document.querySelector("[data-fingerprints]");
  const [input, list] = ["files", "list"].map((name) => box.querySelector(`[data-print-${name}]`));
  const blob = await (await fetch(file)).blob();
  const times = [];
  const longest = { idle: 0, stall: 0 };
  let kind = null;
  let last = performance.now();
  const beat = setInterval(() => {
    const now = performance.now();
    if (kind) longest[kind] = Math.max(longest[kind], now - last);
    last = now;
  }, 1);
  const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
  for (let round = 0; round < count; round++) {
    const chosen = new DataTransfer();
    chosen.items.add(new File([blob], "p", { type: blob.type }));
    const shown = new Promise((resolve) => new MutationObserver((_, watch) => {
      if (!list.querySelector("li")) return;
      watch.disconnect();
      resolve();
    }).observe(list, { childList: true }));
    kind = "idle";
    await wait(times.at(-1) ?? 300);
    kind = "stall";
    const began = performance.now();
    input.files = chosen.files;
    input.dispatchEvent(new Event("change"));
    await shown;
    times.push(performance.now() - began);
    await wait(20);
    kind = null;
    list.querySelector("button").click();
  }
  clearInterval(beat);
  return { times, ...longest };
}
