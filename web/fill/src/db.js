// The device's store: two tables of IndexedDB. What stands in clear is an opaque holder, a kind,
// a state and a time; the rest of a record is sealed (seal.js).
//
//   holders  { holder, server, passphrase?, wrong }, and { holder: "device", number }
//   records  { id, holder, kind: "draft" | "out" | "form" | "medium", state?, at, iv, sealed }

let opening;
const open = () => (opening ??= new Promise((done, failed) => {
  const r = indexedDB.open("aman-fill", 1);
  r.onupgradeneeded = () => {
    r.result.createObjectStore("holders", { keyPath: "holder" });
    const records = r.result.createObjectStore("records", { keyPath: "id" });
    records.createIndex("kind", ["holder", "kind"]);
    records.createIndex("state", "state"); // by which every page of the site tells how many wait (aman.js)
  };
  r.onsuccess = () => done(r.result);
  r.onerror = () => failed(r.error);
}));

async function run(store, mode, work) {
  const tx = (await open()).transaction(store, mode, { durability: "strict" });
  const r = work(tx.objectStore(store));
  return new Promise((done, failed) => {
    tx.oncomplete = () => done(r?.result);
    tx.onerror = tx.onabort = () => failed(tx.error);
  });
}

export const get = (store, key) => run(store, "readonly", (s) => s.get(key));
export const all = (store) => run(store, "readonly", (s) => s.getAll());
export const put = (store, value) => run(store, "readwrite", (s) => s.put(value));
export const remove = (store, key) => run(store, "readwrite", (s) => s.delete(key));
/** ofKind gives a holder's records of one kind. */
export const ofKind = (holder, kind) => run("records", "readonly", (s) => s.index("kind").getAll([holder, kind]));
