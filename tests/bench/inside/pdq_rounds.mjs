// Milliseconds that fingerprints of a drawn picture take, one after another, after some that do not count.
// Runs in node and in a browser's Worker alike: both hand in the same drawing and the same Pdq.
export function rounds({ draw, Pdq, recipe, warm, count }) {
  const { width, height } = recipe;
  const rgba = draw(recipe);
  const strip = Math.floor(2 ** 20 / width) * width * 4;
  const times = [];
  let print;
  for (let round = 0; round < warm + count; round++) {
    const began = performance.now();
    const pdq = new Pdq(width, height);
    for (let at = 0; at < rgba.length; at += strip) pdq.add(rgba.subarray(at, at + strip));
    print = pdq.finish();
    if (round >= warm) times.push(performance.now() - began);
  }
  return { times, print };
}
