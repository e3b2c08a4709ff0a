// A ZIP archive without compression (APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.16), for
// handing over a submission that the server would not take.

const table = Uint32Array.from({ length: 256 }, (_, n) => { for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1; return n; });
const crc32 = (bytes) => ~bytes.reduce((c, b) => table[(c ^ b) & 255] ^ (c >>> 8), -1) >>> 0;

const fields = (...list) => {
  const out = new DataView(new ArrayBuffer(list.reduce((n, [size]) => n + size, 0)));
  let at = 0;
  for (const [size, v] of list) { size === 2 ? out.setUint16(at, v, true) : out.setUint32(at, v, true); at += size; }
  return out;
};

/** zip gives an archive of files as a Blob. */
export async function zip(files) {
  const parts = [], directory = [];
  let at = 0;
  for (const f of files) {
    const body = new Uint8Array(await f.arrayBuffer()), name = new TextEncoder().encode(f.name === "xml_submission_file" ? "submission.xml" : f.name);
    // version 2.0, names in UTF-8, stored, 1 January 1980: when it was filled in stands inside
    const common = [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, 0x21], [4, crc32(body)], [4, body.length], [4, body.length], [2, name.length], [2, 0]];
    parts.push(fields([4, 0x04034b50], ...common), name, body);
    directory.push(fields([4, 0x02014b50], [2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]), name);
    at += 30 + name.length + body.length;
  }
  const size = directory.reduce((n, d) => n + d.byteLength, 0);
  return new Blob([...parts, ...directory, fields([4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, at], [2, 0])], { type: "application/zip" });
}
