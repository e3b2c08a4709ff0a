// The languages of a form and the language of the person. XLSForm names a language freely,
// "Urdu (ur)", "اردو", "English"; the code in brackets is a convention.

const names = new Map();
function codes(name) {
  if (!names.size) {
    for (const code of ["en", "ur", "id", "ps", "fa", "ar", "fr", "es", "ru", "bn", "hi", "sd", "pa", "tr", "uz", "prs"]) {
      for (const inLanguage of ["en", code]) {
        try {
          names.set(new Intl.DisplayNames([inLanguage], { type: "language" }).of(code).toLowerCase(), code);
        } catch { /* a browser without this name */ }
      }
    }
    names.set("bahasa", "id").set("bahasa indonesia", "id").set("dari", "prs").set("pashto", "ps").set("farsi", "fa");
  }
  return names.get(name);
}

/** codeOf gives the code of a form's language, "" when it cannot be told. */
export function codeOf(language) {
  const name = language.language ?? "";
  const bracket = name.match(/\(([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]+)*\)\s*$/);
  if (bracket) return bracket[1].toLowerCase();
  const plain = name.trim().toLowerCase();
  return codes(plain) ?? (/^[a-z]{2,3}$/.test(plain) ? plain : "");
}

/** choose gives the form's language for a person, undefined when the form has not got it. */
export const choose = (languages, lang) => languages.find((l) => !l.isSyntheticDefault && codeOf(l) === lang);

const rightToLeft = new Set(["ar", "fa", "prs", "ur", "ps", "pbu", "sd", "ug", "he", "yi", "ckb", "dv", "ks", "pnb"]);

/** direction is that of a form's language; where it has none, the page's. */
export function direction(language, page) {
  const code = language && !language.isSyntheticDefault ? codeOf(language) : "";
  return code ? (rightToLeft.has(code) ? "rtl" : "ltr") : page;
}
