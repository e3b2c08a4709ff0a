// The texts of this page, in its language, as the server put them into it.
const holder = document.getElementById("fill");
const texts = JSON.parse(holder.dataset.texts);

export const lang = document.documentElement.lang;

/** t gives a text; {name} in it is replaced by args.name. */
export function t(key, args = {}) {
  const text = texts[key];
  if (text === undefined) return `⟦${key}⟧`;
  return text.replace(/\{(\w+)\}/g, (all, name) => (name in args ? args[name] : all));
}

const moment = new Intl.DateTimeFormat({ en: "en-GB", ur: "ur-PK-u-nu-latn", id: "id" }[lang] ?? lang, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
/** when writes a time (milliseconds) as people read it. */
export const when = (ms) => moment.format(ms);
