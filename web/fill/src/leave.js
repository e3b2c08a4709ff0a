// The quick exit, on these pages: the key goes, the screen goes, and where the server cannot be
// reached an empty page opens instead of one that names it; the session is then ended at the
// next visit.
import * as seal from "./seal.js";
import { reachable } from "./net.js";

const exit = document.querySelector("[data-exit]");
const owed = "aman-fill-left";

function leaving() {
  seal.lock();
  if (!reachable()) {
    localStorage.setItem(owed, "1");
    exit.href = "about:blank";
  }
}
/** quickExit is one more link that leaves at once, for a page that is scrolled a long way. */
export function quickExit() {
  const a = exit.cloneNode(true);
  for (const name of ["data-exit", "accesskey"]) a.removeAttribute(name); // those are the first one's
  a.addEventListener("click", (e) => {
    e.preventDefault();
    leaving();
    document.documentElement.hidden = true;
    location.replace(exit.href);
  });
  return a;
}

// Before the listener of the whole site (aman.js), which goes to exit.href.
addEventListener("click", (e) => { if (e.target.closest?.("[data-exit]")) leaving(); }, true);
let presses = [];
addEventListener("keydown", (e) => {
  if (e.key !== "Escape") return;
  presses = presses.filter((at) => e.timeStamp - at < 1000).concat(e.timeStamp);
  if (presses.length >= 3) leaving();
}, true);
addEventListener("pagehide", () => { seal.lock(); document.getElementById("fill").replaceChildren(); });

if (localStorage.getItem(owed) && navigator.onLine) {
  // Left in a hurry without a network: the session ends now.
  await fetch("/signout", { method: "POST", redirect: "manual" }).then(() => localStorage.removeItem(owed), () => {});
}
