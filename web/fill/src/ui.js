// The few words for making a page.

/** el makes an element: el("p", { class: "hint", onclick }, "text", child). */
export function el(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, v] of Object.entries(attributes)) {
    if (name.startsWith("on")) e.addEventListener(name.slice(2), v);
    else if (v === true) e.setAttribute(name, "");
    else if (v !== false && v != null) e.setAttribute(name, v);
  }
  e.append(...children.flat().filter((c) => c != null && c !== false));
  return e;
}

export const button = (text, onclick, kind = "quiet") => el("button", { type: "button", class: kind, onclick }, text);

/** download hands a file to the person. */
export function download(blob, name) {
  const a = el("a", { href: URL.createObjectURL(blob), download: name });
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
}
