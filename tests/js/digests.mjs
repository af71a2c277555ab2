// `node digests.mjs FILE…`: the digests of each as JSON, one a line, and how many bytes were announced as read.
import { openAsBlob } from "node:fs";
import { digestsOf } from "../../static/js/fingerprint-digests.js";

for (const path of process.argv.slice(2)) {
  const file = await openAsBlob(path);
  let read = 0;
  const facts = await digestsOf(file, ["sha256", "md5"], (bytes) => (read += bytes));
  console.log(JSON.stringify({ facts, read }));
}
