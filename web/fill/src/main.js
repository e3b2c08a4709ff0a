// The page for filling in forms: a list at /fill, one form at /fill/{project}/{form}. The server
// gives the same shell for both; without a network the service worker does (sw.js).
import "./leave.js";
import * as items from "./items.js";
import * as seal from "./seal.js";
import { SignedOut, Unreachable } from "./net.js";
import { door } from "./door.js";
import { showList } from "./list.js";
import { onShow } from "./router.js";
import { lang, t } from "./texts.js";
import { el } from "./ui.js";

const main = document.getElementById("fill");

// enter opens the device's store: with what the server gives, else with the passphrase.
async function enter() {
  if (!crypto.subtle) {
    // Browsers seal nothing on a page that came in clear.
    main.replaceChildren(el("h1", {}, t("title")), el("p", { class: "fault", role: "alert" }, t("insecure")));
    return new Promise(() => {});
  }
  try {
    const key = await seal.serverKey();
    await seal.withServer(key);
    await items.save({ id: `${key.holder}/me`, kind: "me", head: { name: key.name } });
  } catch (e) {
    if (!(e instanceof SignedOut || e instanceof Unreachable)) throw e;
    await door(main, e instanceof SignedOut);
  }
}

const formAddress = () => location.pathname.match(/^\/fill\/(\d+)\/([^/]+)$/);
// The component is large; on a form's own page it comes while the key is asked for.
const component = () => import("./form.js");
if (formAddress()) component().catch(() => {}); // show says what went wrong

async function show() {
  document.title = t("title");
  const m = formAddress();
  if (!m) return showList(main);
  const { showForm } = await component();
  return showForm(main, Number(m[1]), decodeURIComponent(m[2]), new URLSearchParams(location.search).get("draft"));
}

function broken(e) {
  console.error(e);
  main.replaceChildren(el("p", { class: "fault", role: "alert" }, t("broken")), el("p", {}, el("a", { href: "/fill" }, t("back"))));
}

navigator.serviceWorker?.register("/fill/sw.js", { scope: "/fill" }).catch(() => {}); // not on http; then there is no offline
navigator.serviceWorker?.ready.then((sw) => sw.active.postMessage({ lang }));
onShow(() => show().catch(broken));
enter().then(show).catch(broken);
