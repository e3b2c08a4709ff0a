// The words of PrimeVue's calendar and lists: names of days and months from the browser, the rest
// from our texts.
import { lang, t } from "./texts.js";

/** calendar gives what goes into PrimeVue's locale. */
export function calendar() {
  const locale = { en: "en-GB", ur: "ur-PK-u-nu-latn", id: "id" }[lang] ?? lang;
  const month = (style) => Array.from({ length: 12 }, (_, m) => new Intl.DateTimeFormat(locale, { month: style, timeZone: "UTC" }).format(Date.UTC(2024, m, 15)));
  // 7 January 2024 was a Sunday.
  const day = (style) => Array.from({ length: 7 }, (_, d) => new Intl.DateTimeFormat(locale, { weekday: style, timeZone: "UTC" }).format(Date.UTC(2024, 0, 7 + d)));
  return {
    dayNames: day("long"), dayNamesShort: day("short"), dayNamesMin: day(lang === "ur" ? "short" : "narrow"), monthNames: month("long"), monthNamesShort: month("short"),
    dateFormat: "dd/mm/yy", firstDayOfWeek: 1, today: t("ui.today"), clear: t("ui.clear"), cancel: t("cancel"),
    chooseYear: t("ui.choose"), chooseMonth: t("ui.choose"), chooseDate: t("ui.choose"), prevMonth: t("ui.previous"), nextMonth: t("ui.next"), prevYear: t("ui.previous"), nextYear: t("ui.next"), prevDecade: t("ui.previous"), nextDecade: t("ui.next"),
    emptyFilterMessage: t("ui.nothing_found"), emptySearchMessage: t("ui.nothing_found"), emptyMessage: t("ui.nothing_found"), searchMessage: t("ui.found", { n: "{0}" }), selectionMessage: t("ui.selected", { n: "{0}" }), emptySelectionMessage: t("ui.selected", { n: "0" }),
  };
}
