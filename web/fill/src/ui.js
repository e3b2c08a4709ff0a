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

/** fit makes nodes the children of a place; one that is there already, looking the same, stays as it
 *  is, with what is being typed in it. */
export function fit(place, nodes) {
  const next = nodes.map((n) => {
    const old = [...place.children].find((o) => o.id && o.id === n.id);
    if (old instanceof HTMLDetailsElement) n.open = old.open;
    return old?.isEqualNode(n) ? old : n;
  });
  [...place.childNodes].filter((o) => !next.includes(o)).forEach((o) => o.remove());
  next.forEach((n, i) => { if (place.childNodes[i] !== n) place.insertBefore(n, place.childNodes[i] ?? null); });
}

/** download hands a file to the person. */
export function download(blob, name) {
  const a = el("a", { href: URL.createObjectURL(blob), download: name });
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
}
