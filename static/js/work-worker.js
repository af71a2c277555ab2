// Looks for a number: the SHA-256 of "<challenge>:<number>" begins with so many zero bits. Sees nothing of the page.
"use strict";
const AT_ONCE = 64;

self.onmessage = async ({ data: { challenge, bits } }) => {
  const encoder = new TextEncoder();
  const likely = 2 ** bits;
  const fits = (digest) => new DataView(digest).getUint32(0) >>> (32 - bits) === 0;

  for (let first = 0; ; first += AT_ONCE) {
    const tries = Array.from({ length: AT_ONCE }, (_, place) =>
      crypto.subtle.digest("SHA-256", encoder.encode(`${challenge}:${first + place}`)),
    );
    const found = (await Promise.all(tries)).findIndex(fits);
    if (found >= 0) {
      postMessage({ nonce: first + found });
      return;
    }
    // Nobody knows how many tries are left; this slows down towards its end and never goes back.
    if (first % 1024 === 0) postMessage({ share: 1 - Math.exp(-first / likely) });
  }
};
