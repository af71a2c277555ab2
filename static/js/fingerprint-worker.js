// Makes fingerprints of the files it is handed, off the page's own thread. It has no network code: what it answers
// are numbers, and how far it is.
//
// In: `{files: [File]}`. Out, each with the file's place in the list as `at`:
//   {what: "read", bytes}                     so many more bytes are done
//   {what: "print", kind, likeness, facts}    kind: picture or video; facts: [{algorithm, value, quality?}]
//   {what: "refused", why}                    why: "type" (neither picture nor video, whatever its name says) or "unread"
//   {what: "done"}
// `likeness` says what copies can be found by it: "usable" (those that look the same, too), "plain" (too little to see),
// "undecoded" (this browser can't open this kind of picture), "blurred" (this browser lets no page see exact pixels),
// or "exact" (a video: exact copies only).
import { digestsOf } from "./fingerprint-digests.js";
import { Pdq } from "./pdq.js";

const MOST_PIXELS = 40e6; // four bytes each while a picture is open
const SCALED_TO = 2048; // larger ones are opened at this width
const STRIP_PIXELS = 2 ** 20;
const MATCHABLE = 50; // Meta's advice: below this quality, a PDQ matches too much
// How files begin that hold a picture: PNG, JPEG, GIF, BMP, TIFF and raw photos, WebP, HEIC and AVIF, JPEG XL, ICO.
const PICTURE =
  /^(?:\x89PNG|\xff\xd8\xff|GIF8|BM|II\*\0|MM\0\*|RIFF....WEBP|....ftyp(?:hei|hev|mif1|msf1|avi[fs]|crx)|\xff\x0a|....JXL |\0\0\x01\0)/s;

// Hands the pixels to `take` in strips, so that the whole picture is in memory once, not three times.
function eachStrip(bitmap, take) {
  const { width, height } = bitmap;
  const rows = Math.min(height, Math.max(4, Math.floor(STRIP_PIXELS / width)));
  // Without an alpha channel what is see-through comes out black, as in the programs that platforms use.
  const options = { alpha: false, willReadFrequently: true };
  const context = new OffscreenCanvas(width, rows).getContext("2d", options);
  context.imageSmoothingEnabled = false;
  for (let top = 0; top < height; top += rows) {
    const tall = Math.min(rows, height - top);
    context.drawImage(bitmap, 0, top, width, tall, 0, 0, width, tall);
    take(context.getImageData(0, 0, width, tall).data, top);
  }
}

// Brave, Tor and private windows change a few pixels before a page can read them, so that it can't recognise the
// device. A fingerprint of such pixels is worth nothing: a picture of our own goes through the same canvas first.
async function seesExactPixels() {
  const width = 256;
  const height = 192;
  const known = new ImageData(width, height);
  for (let at = 0, state = 1; at < known.data.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    known.data[at] = at % 4 === 3 ? 255 : ((at >> 6) + (state >>> 29)) & 255;
  }
  try {
    let isSame = true;
    eachStrip(await createImageBitmap(known), (data, top) => {
      const start = top * width * 4;
      for (let at = 0; at < data.length; at++) isSame &&= data[at] === known.data[start + at];
    });
    return isSame;
  } catch {
    return false; // no canvas here at all
  }
}

// Width times height as a PNG or a JPEG says it before it is opened; 0 for others.
async function pixelsOf(file) {
  const view = async (at, length) => new DataView(await file.slice(at, at + length).arrayBuffer());
  try {
    const start = await view(0, 24);
    if (start.getUint32(0) === 0x89504e47) return start.getUint32(16) * start.getUint32(20);
    if (start.getUint16(0) !== 0xffd8) return 0;
    for (let at = 2; at < file.size; ) {
      const segment = await view(at, 9);
      const mark = segment.getUint16(0);
      const isFrame = mark >= 0xffc0 && mark <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(mark);
      if (isFrame) return segment.getUint16(5) * segment.getUint16(7);
      at += 2 + segment.getUint16(2);
    }
  } catch {
    // Cut off, or not what it says it is: opening it will tell.
  }
  return 0;
}

async function open(file) {
  const upright = { imageOrientation: "from-image" };
  const scaled = { ...upright, resizeWidth: SCALED_TO, resizeQuality: "high" };
  if ((await pixelsOf(file)) > MOST_PIXELS) return createImageBitmap(file, scaled);
  try {
    return await createImageBitmap(file, upright);
  } catch {
    return createImageBitmap(file, scaled); // perhaps there was not enough memory
  }
}

async function lookOf(file) {
  const bitmap = await open(file);
  try {
    const pdq = new Pdq(bitmap.width, bitmap.height);
    eachStrip(bitmap, (data) => pdq.add(data));
    return { algorithm: "pdq", ...pdq.finish() };
  } finally {
    bitmap.close();
  }
}

// A name can say anything. A kind that is not known here is still a picture where this browser can open it.
async function isPicture(file) {
  const start = new Uint8Array(await file.slice(0, 12).arrayBuffer());
  if (PICTURE.test(String.fromCharCode(...start))) return true;
  try {
    (await createImageBitmap(file, { resizeWidth: 1 })).close();
    return true;
  } catch {
    return false;
  }
}

const isVideo = ({ type }) => type.startsWith("video/");

let isExact;

async function printOf(file, onRead) {
  if (isVideo(file)) {
    return { kind: "video", likeness: "exact", facts: await digestsOf(file, ["sha256", "md5"], onRead) };
  }
  const facts = await digestsOf(file, ["sha256"], onRead);
  isExact ??= seesExactPixels();
  if (!(await isExact)) return { kind: "picture", likeness: "blurred", facts };
  try {
    const look = await lookOf(file);
    const likeness = look.quality < MATCHABLE ? "plain" : "usable";
    return { kind: "picture", likeness, facts: [look, ...facts] };
  } catch {
    return { kind: "picture", likeness: "undecoded", facts };
  }
}

const isTaken = (file) => isVideo(file) || (file.type.startsWith("image/") && file.type !== "image/svg+xml");

self.addEventListener("message", async ({ data: { files } }) => {
  for (const [at, file] of files.entries()) {
    if (!isTaken(file) || !file.size) {
      self.postMessage({ at, what: "refused", why: isTaken(file) ? "unread" : "type" });
      continue;
    }
    try {
      if (!isVideo(file) && !(await isPicture(file))) {
        self.postMessage({ at, what: "refused", why: "type" });
        continue;
      }
      const print = await printOf(file, (bytes) => self.postMessage({ at, what: "read", bytes }));
      self.postMessage({ at, what: "print", ...print });
    } catch {
      self.postMessage({ at, what: "refused", why: "unread" });
    }
  }
  self.postMessage({ what: "done" });
});
