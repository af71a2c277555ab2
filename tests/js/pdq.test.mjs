import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Pdq } from "../../static/js/pdq.js";
import { draw } from "./pictures.mjs";

const vectors = JSON.parse(readFileSync(new URL("pdq_vectors.json", import.meta.url)));

function fingerprint({ width, height }, rgba, rows = height) {
  const pdq = new Pdq(width, height);
  for (let at = 0; at < rgba.length; at += rows * width * 4) pdq.add(rgba.subarray(at, at + rows * width * 4));
  return pdq.finish();
}

test("there are enough vectors, of good and of low quality", () => {
  assert.ok(vectors.length >= 120);
  assert.ok(vectors.filter((one) => one.quality < 50).length >= 20);
  assert.ok(vectors.filter((one) => one.quality >= 50).length >= 60);
});

for (const vector of vectors) {
  const { kind, seed, width, height, pdq, quality } = vector;
  test(`${kind} ${seed}, ${width} × ${height}`, () => {
    const rgba = draw(vector);
    assert.deepEqual(fingerprint(vector, rgba), { value: pdq, quality });
    // However many rows come at a time.
    for (const rows of [1, 3, 7, 64]) assert.deepEqual(fingerprint(vector, rgba, rows), { value: pdq, quality });
  });
}
