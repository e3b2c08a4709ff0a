package e2e

import "testing"

// Setting up a phone, as an administrator sees it, in two languages.
func TestSettingUpAPhone(t *testing.T) {
	for _, lang := range []string{"en", "ur"} {
		t.Run(lang, func(t *testing.T) {
			s := newSite(t)
			s.allow(t, s.Admin)
			b := s.open(t, lang, "admin")
			b.signIn(s.Admin)
			b.goTo("/admin")
			b.set("label", "Tablet 3, river crossing")
			b.set("who", s.Enumerator.User+"/"+s.Office)
			b.press(`form[action="/admin/devices"] button`)
			b.look("a-new-phone")
			eval[bool](b, `(document.querySelector("main details").open = true)`)
			b.look("a-new-phone-by-hand")
			if got := eval[int](b, `Math.round(document.querySelector("svg.qrcode").getBoundingClientRect().width)`); got < 200 {
				t.Errorf("the QR code is %d pixels wide", got)
			}
			b.press(`main a.button`)
			b.sees("Tablet 3, river crossing")
			b.look("phones")
		})
	}
}
