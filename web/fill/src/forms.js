// Forms on this device. A form that was opened once, or fetched beforehand, is kept with its
// media, by the hash of its content, for when there is no network.
import * as items from "./items.js";
import { ask, json, Unreachable } from "./net.js";

const address = (f) => `/fill/${f.project}/${encodeURIComponent(f.form)}`;

/** listed asks the server which forms this person may fill now. */
export const listed = () => json("/fill/forms.json");

const kept = async () => (await items.list("form")).reverse();
const same = (f) => (k) => k.head.project === f.project && k.head.form === f.form && k.head.hash === f.hash;
// A list that goes with a form (people, places) may change though the form does not.
const fresh = (f) => (k) => same(f)(k) && JSON.stringify(k.head.media) === JSON.stringify(f.media);

/** known gives the forms kept here, the newest version of each. */
export async function known() {
  const seen = new Map();
  for (const k of await kept()) {
    const key = `${k.head.project}/${k.head.form}`;
    if (!seen.has(key)) seen.set(key, k.head);
  }
  return [...seen.values()];
}

async function download(f) {
  const version = `?version=${encodeURIComponent(f.version)}`;
  const get = async (path, name) => {
    const r = await ask(path + version);
    if (!r.ok) throw new Unreachable();
    return new File([await r.blob()], name, { type: r.headers.get("Content-Type") ?? "" });
  };
  const files = [await get(`${address(f)}/form.xml`, "form.xml")];
  for (const m of f.media) files.push(await get(`${address(f)}/media/${encodeURIComponent(m.name)}`, m.name));
  return files;
}

/** keep fetches a form unless it is here already, and gives its item. */
export async function keep(f) {
  const before = await kept();
  const here = before.find(fresh(f));
  if (here) return here;
  const item = await items.save({ id: crypto.randomUUID(), kind: "form", head: f }, await download(f));
  // Older versions stay only as long as a draft needs them.
  const needed = new Set((await items.list("draft")).map((d) => d.head.hash));
  for (const old of before) if (old.head.form === f.form && old.head.project === f.project && (old.head.hash === f.hash || !needed.has(old.head.hash))) await items.drop(old.id);
  return item;
}

/** open gives { head, xml, media } of a form: the version of a draft, else the newest. */
export async function open(project, form, hash) {
  const here = (await kept()).filter((k) => k.head.project === project && k.head.form === form && (!hash || k.head.hash === hash));
  let item;
  try {
    const f = (await listed()).find((x) => x.project === project && x.form === form);
    if (f && (!hash || f.hash === hash)) item = await keep(f);
    else if (hash) item = here[0]; // a draft of an older version, or of a form that is closed by now
  } catch (e) {
    item = here[0];
    if (!item) throw e;
  }
  if (!item) return undefined;
  const [xml, ...media] = await items.files(item.id);
  return { head: item.head, xml: await xml.text(), media };
}
