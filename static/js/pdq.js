// PDQ: a fingerprint of how a picture looks, 256 bits, the same for copies that were made smaller or saved again.
// PDQ is Meta's. This is written from its published description ("The TMK+PDQF Video-Hashing Algorithm and the PDQ
// Image-Hashing Algorithm"; reference implementation: Copyright (c) Meta Platforms, Inc. and affiliates, BSD licence) and
// equals the reference bit by bit: every sum is rounded to 32 bits at the same places, in the same order.
//
// Two rounds of a box filter along rows and columns, 64 × 64 samples of it, a cosine transform, and one bit for each of
// its 16 × 16 lowest frequencies: above the median or not. Rows pass through once, four at a time, so that a picture of
// any height needs only as many rows in memory as the filter is high.
const SIDE = 64; // samples each way
const LOW = 16; // frequencies each way
const SMALLEST = 5; // pixels; anything less has no fingerprint
const f = Math.fround;

const COSINES = new Float32Array(LOW * SIDE);
for (let i = 0; i < LOW; i++) {
  for (let j = 0; j < SIDE; j++) {
    COSINES[i * SIDE + j] = f(Math.sqrt(2 / SIDE)) * Math.cos((Math.PI / 2 / SIDE) * (i + 1) * (2 * j + 1));
  }
}

// How wide the filter is, and where the 64 samples are taken: from the middle of each piece.
const windowOf = (length) => Math.floor((length + 2 * SIDE - 1) / (2 * SIDE));
const samplesOf = (length) => Int32Array.from({ length: SIDE }, (_, at) => Math.floor(((at + 0.5) * length) / SIDE));

// The box filter at `at` is the mean of the values from `at + half - window` up to, not including, `at + half`, as far as
// there are any. `half` is the larger half.
const halfOf = (window) => (window + 2) >> 1;

// Four rows of `from`, one after another, filtered into the rows of `to` that start at a, b, c and d. One row's sum has to
// wait for itself; four of them do not wait for each other.
function boxRows(from, to, a, b, c, d, width, window) {
  const half = halfOf(window);
  const second = width, third = 2 * width, fourth = 3 * width;
  let p = 0, q = 0, r = 0, s = 0;
  let right = 0, at = 0;
  for (; right < window; right++) {
    p = f(p + from[right]);
    q = f(q + from[second + right]);
    r = f(r + from[third + right]);
    s = f(s + from[fourth + right]);
    if (right < half - 1) continue;
    const count = right + 1;
    to[a + at] = p / count;
    to[b + at] = q / count;
    to[c + at] = r / count;
    to[d + at] = s / count;
    at++;
  }
  let left = 0;
  for (; right < width; right++, left++, at++) {
    p = f(f(p + from[right]) - from[left]);
    q = f(f(q + from[second + right]) - from[second + left]);
    r = f(f(r + from[third + right]) - from[third + left]);
    s = f(f(s + from[fourth + right]) - from[fourth + left]);
    to[a + at] = p / window;
    to[b + at] = q / window;
    to[c + at] = r / window;
    to[d + at] = s / window;
  }
  for (let count = window - 1; at < width; count--, left++, at++) {
    p = f(p - from[left]);
    q = f(q - from[second + left]);
    r = f(r - from[third + left]);
    s = f(s - from[fourth + left]);
    to[a + at] = p / count;
    to[b + at] = q / count;
    to[c + at] = r / count;
    to[d + at] = s / count;
  }
}

// The same, written only where a sample is taken: 64 values of each of the four rows.
function sampleRows(from, to, start, samples, width, window) {
  const half = halfOf(window);
  const second = width, third = 2 * width, fourth = 3 * width;
  let p = 0, q = 0, r = 0, s = 0;
  let right = 0, left = 0;
  for (let sample = 0; sample < SIDE; sample++) {
    const edge = samples[sample] + half;
    const first = Math.min(edge, window), last = Math.min(edge, width);
    for (; right < first; right++) {
      p = f(p + from[right]);
      q = f(q + from[second + right]);
      r = f(r + from[third + right]);
      s = f(s + from[fourth + right]);
    }
    for (; right < last; right++, left++) {
      p = f(f(p + from[right]) - from[left]);
      q = f(f(q + from[second + right]) - from[second + left]);
      r = f(f(r + from[third + right]) - from[third + left]);
      s = f(f(s + from[fourth + right]) - from[fourth + left]);
    }
    for (; left < edge - window; left++) {
      p = f(p - from[left]);
      q = f(q - from[second + left]);
      r = f(r - from[third + left]);
      s = f(s - from[fourth + left]);
    }
    const count = right - left;
    const at = start + sample;
    to[at] = p / count;
    to[at + SIDE] = q / count;
    to[at + 2 * SIDE] = r / count;
    to[at + 3 * SIDE] = s / count;
  }
}

// The last round: down the 64 columns that are left, written only at the 64 sampled rows.
function sampleColumns(from, samples, height, window) {
  const half = halfOf(window);
  const to = new Float32Array(SIDE * SIDE);
  for (let column = 0; column < SIDE; column++) {
    let sum = 0, right = 0, left = 0;
    for (let sample = 0; sample < SIDE; sample++) {
      const edge = samples[sample] + half;
      for (; right < edge && right < height; right++) {
        sum = f(sum + from[right * SIDE + column]);
        if (right >= window) sum = f(sum - from[left++ * SIDE + column]);
      }
      for (; left < edge - window; left++) sum = f(sum - from[left * SIDE + column]);
      to[sample * SIDE + column] = sum / (right - left);
    }
  }
  return to;
}

// 0 to 100: how much there is to see. A plain wall has nothing that would tell it from another.
function qualityOf(samples) {
  const step = (one, other) => Math.abs(Math.trunc(f(f(f(one - other) * 100) / 255)));
  let sum = 0;
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const here = samples[y * SIDE + x];
      if (y + 1 < SIDE) sum += step(here, samples[(y + 1) * SIDE + x]);
      if (x + 1 < SIDE) sum += step(here, samples[y * SIDE + x + 1]);
    }
  }
  return Math.min(100, Math.floor(sum / 90));
}

function frequenciesOf(samples) {
  const halfway = new Float32Array(LOW * SIDE);
  for (let i = 0; i < LOW; i++) {
    for (let j = 0; j < SIDE; j++) {
      let sum = 0;
      for (let k = 0; k < SIDE; k++) sum = f(sum + f(COSINES[i * SIDE + k] * samples[k * SIDE + j]));
      halfway[i * SIDE + j] = sum;
    }
  }
  const all = new Float32Array(LOW * LOW);
  for (let i = 0; i < LOW; i++) {
    for (let j = 0; j < LOW; j++) {
      let sum = 0;
      for (let k = 0; k < SIDE; k++) sum = f(sum + f(halfway[i * SIDE + k] * COSINES[j * SIDE + k]));
      all[i * LOW + j] = sum;
    }
  }
  return all;
}

function hexOf(frequencies) {
  const median = Float32Array.from(frequencies).sort()[frequencies.length / 2 - 1];
  let hex = "";
  for (let at = frequencies.length - 4; at >= 0; at -= 4) {
    let digit = 0;
    for (let bit = 0; bit < 4; bit++) if (frequencies[at + bit] > median) digit |= 1 << bit;
    hex += digit.toString(16);
  }
  return hex;
}

// Takes a picture from top to bottom: `add` as often as there are pieces, then `finish` once.
export class Pdq {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.isHashable = width >= SMALLEST && height >= SMALLEST;
    if (!this.isHashable) return;
    this.isSampled = width === SIDE && height === SIDE; // already as small as it gets
    this.across = windowOf(width);
    this.down = windowOf(height);
    this.columns = samplesOf(width);
    this.luma = new Float32Array(4 * width);
    this.waiting = 0; // rows in `luma` that are not filtered yet
    this.kept = this.down + 4; // filtered rows in memory, each at its number modulo this
    this.rows = new Float32Array(this.kept * width);
    this.read = 0; // rows filtered
    this.sums = new Float32Array(width);
    this.filtered = new Float32Array(4 * width); // by columns, too
    this.ready = 0; // rows in `filtered` that are not sampled yet
    this.sampled = 0;
    // Four rows more than there are, because they are written by fours.
    this.samples = new Float32Array((height + 4) * SIDE);
  }

  // Whole rows of four bytes a pixel, as a canvas gives them; the fourth byte is not looked at.
  add(rgba) {
    if (!this.isHashable) return;
    const { width, luma } = this;
    for (let at = 0; at < rgba.length; ) {
      const end = (this.waiting + 1) * width;
      for (let to = this.waiting * width; to < end; to++, at += 4) {
        luma[to] = rgba[at] * 0.299 + rgba[at + 1] * 0.587 + rgba[at + 2] * 0.114;
      }
      if (++this.waiting === 4) this.filter();
    }
  }

  finish() {
    if (!this.isHashable) return { value: "0".repeat(64), quality: 0 };
    if (this.waiting) this.filter();
    let samples;
    if (this.isSampled) samples = this.samples;
    else {
      for (let count = this.down - 1; count > this.down - halfOf(this.down); count--) {
        this.subtract(this.height - 1 - count);
        this.divide(count);
      }
      if (this.ready) this.sample();
      samples = sampleColumns(this.samples, samplesOf(this.height), this.height, this.down);
    }
    return { value: hexOf(frequenciesOf(samples)), quality: qualityOf(samples) };
  }

  filter() {
    const { width, luma, kept, rows, down } = this;
    const fresh = this.waiting;
    this.waiting = 0;
    if (this.isSampled) {
      this.samples.set(luma.subarray(0, fresh * width), this.read * width);
      this.read += fresh;
      return;
    }
    const place = (row) => (row % kept) * width;
    const first = this.read;
    boxRows(luma, rows, place(first), place(first + 1), place(first + 2), place(first + 3), width, this.across);
    for (; this.read < first + fresh; this.read++) {
      if (this.read >= down) this.slide(this.read);
      else {
        const { sums } = this;
        for (let x = 0, at = place(this.read); x < width; x++, at++) sums[x] += rows[at];
        if (this.read >= halfOf(down) - 1) this.divide(this.read + 1);
      }
    }
  }

  // The columns' sums take row number `right` in and let the one go that fell out of the filter.
  slide(right) {
    const { width, sums, rows, filtered, down } = this;
    const to = this.ready * width;
    const added = (right % this.kept) * width;
    const gone = ((right - down) % this.kept) * width;
    for (let x = 0; x < width; x++) {
      const sum = f(f(sums[x] + rows[added + x]) - rows[gone + x]);
      sums[x] = sum;
      filtered[to + x] = sum / down;
    }
    if (++this.ready === 4) this.sample();
  }

  subtract(row) {
    const { width, sums, rows } = this;
    for (let x = 0, at = (row % this.kept) * width; x < width; x++, at++) sums[x] -= rows[at];
  }

  divide(count) {
    const { width, sums, filtered } = this;
    for (let x = 0, to = this.ready * width; x < width; x++, to++) filtered[to] = sums[x] / count;
    if (++this.ready === 4) this.sample();
  }

  sample() {
    sampleRows(this.filtered, this.samples, this.sampled * SIDE, this.columns, this.width, this.across);
    this.sampled += this.ready;
    this.ready = 0;
  }
}
