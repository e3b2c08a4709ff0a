package e2e

import "testing"

// A password for a script, as a field manager makes one, in every language.
func TestAPasswordForAScript(t *testing.T) {
	for _, lang := range []string{"en", "ur", "id"} {
		t.Run(lang, func(t *testing.T) {
			s := newSite(t)
			s.allow(t, s.FieldManager)
			b := s.open(t, lang, "field")
			b.signIn(s.FieldManager)
			b.goTo("/account")
			b.look("account")
			b.press(`main a[href="/account/scripts"]`)
			b.look("scripts-none")
			b.set("label", "Weekly border table")
			b.set("months", "3")
			b.set("names", "yes")
			b.set("password", password)
			b.submit()
			b.sees("aman_")
			b.look("scripts-new")
			b.goTo("/account/scripts")
			b.seesNot("aman_")
			b.sees("Weekly border table")
			b.press(`main form[action$="/remove"] button`)
			b.seesNot("Weekly border table")
		})
	}
}
