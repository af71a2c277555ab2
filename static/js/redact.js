// Paints over a screenshot on the person's own device. What was chosen stays in this page's memory; only the flat,
// covered and cut picture is sent, after it was looked at. Leaving the page forgets everything.
//
// pictures.js loads this module when there is a picture to cover: `editorOf(form)` answers `{open, isOpen}`.
export const editorOf = (form) => {
  const LONGEST = 4096;
  const BRUSH = 30; // of the screen's pixels, as wide as a finger
  const REACH = 30; // how near a corner of the frame is still that corner
  const find = (name) => form.querySelector(name);
  const says = form.dataset;
  const view = find("[data-view]");
  const preview = find("[data-preview]");
  const file = find("#redact-file");
  const error = find("[data-error]");
  const live = find("[data-live]");
  const tools = [...form.querySelectorAll("[data-tool]")];
  const elsewhere = document.querySelector(".go-on");
  const act = (name) => find(`[data-do="${name}"]`);

  let base = null; // as it was opened
  let flat = null; // the same with everything covered
  let done = []; // what was done to it, in the measures of `base`
  let undone = [];
  let tool = "box";
  let frame = null; // what the keyboard moves, or what is to be kept
  let gesture = null; // what a finger is drawing
  let blob = null; // what will leave
  let sending = false;

  const say = (text) => {
    live.textContent = "";
    setTimeout(() => (live.textContent = text), 50);
  };

  const canvas = (width, height) => {
    const made = document.createElement("canvas");
    made.width = Math.max(1, Math.round(width));
    made.height = Math.max(1, Math.round(height));
    return made;
  };

  const forget = () => {
    for (const one of [base, flat, view, preview]) if (one) one.width = one.height = 0;
    base = flat = frame = gesture = blob = null;
    done = [];
    undone = [];
    file.value = "";
  };

  const step = (name) => {
    for (const part of form.querySelectorAll("[data-step]")) part.hidden = part.dataset.step !== name;
    elsewhere.hidden = name !== "choose";
    error.textContent = "";
    find(`[data-step="${name}"] h2`).focus();
    find(`[data-step="${name}"]`).scrollIntoView({ block: "start" });
  };

  // --- Opening ---

  const open = async (chosen) => {
    error.textContent = "";
    let bitmap;
    try {
      bitmap = await createImageBitmap(chosen);
    } catch {
      error.textContent = says.sayUnreadable;
      file.value = "";
      return;
    }
    const { width, height } = bitmap;
    const scale = Math.min(1, LONGEST / Math.max(width, height), Math.sqrt(says.mostPixels / (width * height)));
    forget();
    base = canvas(Math.floor(width * scale), Math.floor(height * scale));
    const ink = base.getContext("2d");
    ink.fillStyle = "#fff";
    ink.fillRect(0, 0, base.width, base.height);
    ink.imageSmoothingQuality = "high";
    ink.drawImage(bitmap, 0, 0, base.width, base.height);
    bitmap.close();
    flat = canvas(base.width, base.height);
    choose("box");
    step("edit");
    rebuild();
    say(says.sayOpened);
  };

  // --- Painting ---

  const whole = () => ({ x: 0, y: 0, w: base.width, h: base.height });
  const kept = () => done.filter((one) => one.kind === "crop").pop() ?? whole();

  const paint = (ink, one) => {
    ink.fillStyle = ink.strokeStyle = "#000";
    if (one.kind === "box") ink.fillRect(one.x, one.y, one.w, one.h);
    if (one.kind !== "stroke") return;
    ink.lineWidth = one.width;
    ink.lineCap = ink.lineJoin = "round";
    ink.beginPath();
    const [first, ...rest] = one.points;
    ink.moveTo(first.x, first.y);
    for (const point of rest.length ? rest : [first]) ink.lineTo(point.x, point.y);
    ink.stroke();
  };

  const rebuild = () => {
    const ink = flat.getContext("2d");
    ink.drawImage(base, 0, 0);
    for (const one of done) paint(ink, one);
    refresh();
  };

  // As wide as there is room, and a long one not so small that nobody could hit a line.
  const scaleOf = (part) => {
    const style = getComputedStyle(view.parentElement);
    const room = view.parentElement.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const fits = Math.min(1, room / part.w);
    return Math.min(fits, Math.max((window.innerHeight * 0.6) / part.h, fits * 0.6));
  };

  const draw = () => {
    if (!flat || !view.offsetParent) return; // nothing is seen of it
    const part = kept();
    const scale = scaleOf(part);
    const dense = window.devicePixelRatio || 1;
    view.style.width = `${Math.max(1, Math.round(part.w * scale))}px`;
    view.style.height = `${Math.max(1, Math.round(part.h * scale))}px`;
    view.width = Math.max(1, Math.round(part.w * scale * dense));
    view.height = Math.max(1, Math.round(part.h * scale * dense));
    const ink = view.getContext("2d");
    ink.imageSmoothingQuality = "high";
    ink.drawImage(flat, part.x, part.y, part.w, part.h, 0, 0, view.width, view.height);
    ink.setTransform(view.width / part.w, 0, 0, view.height / part.h, -part.x * (view.width / part.w), -part.y * (view.height / part.h));
    if (gesture && gesture.kind !== "frame") paint(ink, gesture.kind === "drag" ? boxOf(gesture) : gesture);
    if (frame) outline(ink, part, 1 / scale);
    ink.resetTransform();
  };

  const outline = (ink, part, unit) => {
    if (tool === "crop") {
      ink.fillStyle = "rgb(0 0 0 / 45%)";
      ink.beginPath();
      ink.rect(part.x, part.y, part.w, part.h);
      ink.rect(frame.x, frame.y, frame.w, frame.h);
      ink.fill("evenodd");
    }
    for (const [width, colour] of [[4, "#1e2a4a"], [2, "#f2a541"]]) {
      ink.lineWidth = width * unit;
      ink.strokeStyle = colour;
      ink.strokeRect(frame.x, frame.y, frame.w, frame.h);
    }
    if (tool !== "crop") return;
    const inside = (value, from, to) => Math.min(Math.max(value, from + 9 * unit), to - 9 * unit);
    for (const [across, down] of CORNERS) {
      const x = inside(frame.x + frame.w * across, part.x, part.x + part.w);
      const y = inside(frame.y + frame.h * down, part.y, part.y + part.h);
      ink.beginPath();
      ink.arc(x, y, 7 * unit, 0, 7);
      ink.fillStyle = "#f2a541";
      ink.strokeStyle = "#1e2a4a";
      ink.fill();
      ink.stroke();
    }
  };
  // Where the frame can be pulled: its corners, and the middle of each side.
  const CORNERS = [[0, 0], [0.5, 0], [1, 0], [0, 0.5], [1, 0.5], [0, 1], [0.5, 1], [1, 1]];

  const refresh = () => {
    act("undo").disabled = act("restart").disabled = !done.length;
    act("redo").disabled = !undone.length;
    if (tool === "crop" && !frame) frame = { ...kept() };
    act("apply").hidden = tool !== "crop";
    draw();
  };

  const choose = (name) => {
    tool = name;
    frame = gesture = null;
    for (const one of tools) one.setAttribute("aria-pressed", String(one.dataset.tool === name));
    for (const one of form.querySelectorAll("[data-says]")) one.hidden = one.dataset.says !== name;
    if (flat) refresh();
  };

  const commit = (one) => {
    done.push(one);
    undone = [];
    paint(flat.getContext("2d"), one);
    if (one.kind === "crop") choose("box");
    refresh();
    say(one.kind === "crop" ? says.sayCut : says.sayCovered);
  };

  // To whole pixels, outwards: nothing at the rim of a box is half covered.
  const snapped = ({ x, y, w, h }) => {
    const [left, top] = [Math.floor(x), Math.floor(y)];
    return { x: left, y: top, w: Math.ceil(x + w) - left, h: Math.ceil(y + h) - top };
  };
  const boxOf = ({ from, to }) => ({
    kind: "box",
    ...snapped({ x: Math.min(from.x, to.x), y: Math.min(from.y, to.y), w: Math.abs(to.x - from.x), h: Math.abs(to.y - from.y) }),
  });

  const apply = () => {
    if (!frame || frame.w < 1 || frame.h < 1) return;
    commit({ kind: tool === "crop" ? "crop" : "box", ...snapped(frame) });
  };

  // --- Finger and mouse ---

  const at = (event) => {
    const [part, seen] = [kept(), view.getBoundingClientRect()];
    const within = (value, most) => Math.min(Math.max(value, 0), most);
    return {
      x: part.x + within(((event.clientX - seen.left) / seen.width) * part.w, part.w),
      y: part.y + within(((event.clientY - seen.top) / seen.height) * part.h, part.h),
    };
  };

  const grip = (point) => {
    const reach = REACH / scaleOf(kept());
    const near = CORNERS.map(([across, down]) => {
      const far = Math.hypot(frame.x + frame.w * across - point.x, frame.y + frame.h * down - point.y);
      return { across, down, far };
    }).sort((one, other) => one.far - other.far)[0];
    if (near.far <= reach) return near;
    const inside = point.x > frame.x && point.x < frame.x + frame.w && point.y > frame.y && point.y < frame.y + frame.h;
    return inside ? { across: "all" } : null;
  };

  const pull = (point) => {
    const { start, first, hold } = gesture;
    const [dx, dy, part] = [point.x - first.x, point.y - first.y, kept()];
    let [left, top, right, bottom] = [start.x, start.y, start.x + start.w, start.y + start.h];
    if (hold.across === "all") {
      left = Math.min(Math.max(left + dx, part.x), part.x + part.w - start.w);
      top = Math.min(Math.max(top + dy, part.y), part.y + part.h - start.h);
      frame = { x: left, y: top, w: start.w, h: start.h };
      return;
    }
    if (hold.across === 0) left += dx;
    if (hold.across === 1) right += dx;
    if (hold.down === 0) top += dy;
    if (hold.down === 1) bottom += dy;
    frame = { x: Math.min(left, right), y: Math.min(top, bottom), w: Math.abs(right - left), h: Math.abs(bottom - top) };
  };

  view.addEventListener("pointerdown", (event) => {
    if (!flat || !event.isPrimary || event.button !== 0) return;
    view.setPointerCapture(event.pointerId);
    const point = at(event);
    if (tool === "box") gesture = { kind: "drag", from: point, to: point };
    if (tool === "brush") gesture = { kind: "stroke", width: BRUSH / scaleOf(kept()), points: [point] };
    if (tool !== "crop") frame = null;
    else {
      const hold = grip(point);
      if (hold) gesture = { kind: "frame", hold, first: point, start: { ...frame } };
    }
    draw();
  });
  view.addEventListener("pointermove", (event) => {
    if (!gesture || !event.isPrimary) return;
    if (gesture.kind === "drag") gesture.to = at(event);
    if (gesture.kind === "stroke") gesture.points.push(...(event.getCoalescedEvents?.() ?? [event]).map(at));
    if (gesture.kind === "frame") pull(at(event));
    draw();
  });
  view.addEventListener("pointerup", (event) => {
    const drawn = gesture;
    gesture = null;
    if (!drawn || !event.isPrimary) return;
    if (drawn.kind === "stroke") commit(drawn);
    if (drawn.kind === "drag") {
      const box = boxOf(drawn);
      const least = 4 / scaleOf(kept());
      if (box.w >= least && box.h >= least) commit(box);
    }
    draw();
  });
  view.addEventListener("pointercancel", () => {
    gesture = null;
    draw();
  });

  // --- Keyboard ---

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  const nudge = ([across, down], resizes) => {
    const part = kept();
    const [dx, dy] = [Math.max(1, part.w / 50) * across, Math.max(1, part.h / 50) * down];
    if (!frame) {
      frame = { x: part.x + part.w * 0.35, y: part.y + part.h * 0.44, w: part.w * 0.3, h: part.h * 0.12 };
    } else if (resizes) {
      frame.w = Math.min(Math.max(frame.w + dx, 1), part.x + part.w - frame.x);
      frame.h = Math.min(Math.max(frame.h + dy, 1), part.y + part.h - frame.y);
    } else {
      frame.x = Math.min(Math.max(frame.x + dx, part.x), part.x + part.w - frame.w);
      frame.y = Math.min(Math.max(frame.y + dy, part.y), part.y + part.h - frame.h);
    }
    const share = (value, of) => Math.round((100 * value) / of);
    say(
      says.sayFrame
        .replace("%(left)s", share(frame.x - part.x, part.w))
        .replace("%(top)s", share(frame.y - part.y, part.h))
        .replace("%(width)s", share(frame.w, part.w))
        .replace("%(height)s", share(frame.h, part.h)),
    );
  };

  view.addEventListener("keydown", (event) => {
    if (!flat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in ARROWS) nudge(ARROWS[event.key], event.shiftKey);
    else if (event.key === "Enter" || event.key === " ") apply();
    else if (event.key === "Escape") {
      frame = null;
      say(says.sayNoFrame);
      refresh();
    } else return;
    event.preventDefault();
    draw();
  });

  // --- Back and forth ---

  const undo = () => {
    if (!done.length) return;
    undone.push(done.pop());
    frame = null;
    rebuild();
    say(says.sayUndone);
  };
  const redo = () => {
    if (!undone.length) return;
    done.push(undone.pop());
    frame = null;
    rebuild();
    say(says.sayRedone);
  };
  form.addEventListener("keydown", (event) => {
    if (!flat || blob || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    if (event.shiftKey) redo();
    else undo();
  });

  for (const one of tools) one.addEventListener("click", () => choose(one.dataset.tool));
  act("undo").addEventListener("click", undo);
  act("redo").addEventListener("click", redo);
  act("apply").addEventListener("click", apply);
  act("restart").addEventListener("click", () => {
    done = [];
    undone = [];
    frame = null;
    rebuild();
    say(says.sayRestarted);
  });
  act("forget").addEventListener("click", () => {
    forget();
    step("choose");
  });
  window.addEventListener("resize", draw);

  // --- Looking at it, then sending ---

  const encode = (from, type) => new Promise((take) => from.toBlob(take, type, 0.9));

  const flatten = async () => {
    const part = kept();
    for (let scale = 1; ; scale *= 0.75) {
      const out = canvas(part.w * scale, part.h * scale);
      const ink = out.getContext("2d");
      ink.imageSmoothingQuality = "high";
      ink.drawImage(flat, part.x, part.y, part.w, part.h, 0, 0, out.width, out.height);
      for (const type of ["image/png", "image/jpeg"]) {
        const made = await encode(out, type);
        if (made && made.size <= says.mostBytes) return made;
      }
      if (out.width <= 1 && out.height <= 1) throw new Error("This canvas gives no picture.");
    }
  };

  act("check").addEventListener("click", async () => {
    if (tool === "crop" && frame && (frame.w < kept().w || frame.h < kept().h)) apply();
    try {
      blob = await flatten();
      // Shown from the very bytes that will leave.
      const seen = await createImageBitmap(blob);
      [preview.width, preview.height] = [seen.width, seen.height];
      preview.getContext("2d").drawImage(seen, 0, 0);
      seen.close();
    } catch {
      blob = null;
      error.textContent = says.sayUnreadable;
      return;
    }
    step("check");
  });
  act("edit").addEventListener("click", () => {
    blob = null;
    preview.width = preview.height = 0;
    for (const one of form.querySelectorAll("input[name=sure]")) one.checked = false;
    step("edit");
    draw();
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!blob || sending || !navigator.onLine) return;
    const body = new FormData(form);
    if (!body.get("what") || !body.get("sure")) {
      error.textContent = says.sayTick;
      find(body.get("what") ? "input[name=sure]" : "input[name=what]").focus();
      return;
    }
    body.append("picture", blob, "picture");
    sending = true;
    error.textContent = "";
    say(says.saySending);
    act("send").setAttribute("aria-disabled", "true");
    try {
      const response = await fetch(form.action, {
        method: "POST",
        body,
        headers: { "X-Part": "1" },
        credentials: "same-origin",
      });
      const answer = await response.json();
      if (answer.go) {
        forget();
        window.location.replace(answer.go);
        return;
      }
      error.textContent = answer.error || says.sayFailed;
    } catch {
      error.textContent = says.sayFailed;
    } finally {
      sending = false;
      act("send").removeAttribute("aria-disabled");
    }
  });

  document.addEventListener("wipe", forget);
  window.addEventListener("pagehide", forget);
  return { open, isOpen: () => Boolean(base) };
};
