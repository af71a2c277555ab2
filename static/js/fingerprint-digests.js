// Digests of a file's bytes, in pieces: a video of a gigabyte needs no more memory than a picture.
import { md5 } from "../vendor/noble-hashes/legacy.js";
import { sha256 } from "../vendor/noble-hashes/sha2.js";

const PIECE = 2 ** 21;
const KINDS = { md5, sha256 };

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

// `[{algorithm, value}]` in the order of `algorithms`. `onRead` is told how many bytes each piece had. Fails when the
// file can't be read to its end.
export async function digestsOf(file, algorithms, onRead = () => {}) {
  const digests = algorithms.map((algorithm) => KINDS[algorithm].create());
  for (let at = 0; at < file.size; at += PIECE) {
    const piece = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer());
    for (const digest of digests) digest.update(piece);
    onRead(piece.length);
  }
  return digests.map((digest, at) => ({ algorithm: algorithms[at], value: hex(digest.digest()) }));
}
