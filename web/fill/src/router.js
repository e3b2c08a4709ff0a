// Going from the list to a form and back without loading the page anew: the open key lives in
// the page, and a person without a network would be asked for her passphrase each time.
let show = () => {};
let leave = async () => {};

/** onShow says who draws an address. */
export const onShow = (f) => { show = f; };
/** onLeave says what to finish before the present view goes. */
export const onLeave = (f) => { leave = f; };

async function turn() {
  const finish = leave;
  leave = async () => {};
  await finish();
  scrollTo(0, 0);
  await show();
  document.getElementById("main").focus({ preventScroll: true });
}

/** go shows another address of this page. */
export function go(path) {
  history.pushState(null, "", path);
  return turn();
}

addEventListener("popstate", turn);
addEventListener("click", (e) => {
  const a = e.target.closest?.("#fill a[href^='/fill']");
  if (!a || e.defaultPrevented || e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
  e.preventDefault();
  go(a.getAttribute("href"));
});
