package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// authenticator gives the browser a security key that is always touched and verified.
func (b *browser) authenticator() {
	b.t.Helper()
	b.run(func(ctx context.Context, tab *chromedp.Target) (v chromedp.Void, err error) {
		if _, err = cdp.Call(ctx, tab, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return v, err
		}
		yes := true
		_, err = cdp.Call(ctx, tab, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: yes, AutomaticPresenceSimulation: yes,
		}})
		return v, err
	})
}

// until waits for something in the page to become true.
func (b *browser) until(what, condition string) {
	b.t.Helper()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](condition)); err == nil && ok {
			return
		}
	}
	b.shot("failed")
	b.t.Fatalf("%s (%s) at %s: %s did not come about:\n%s", b.name, b.lang, b.address(), what, b.text())
}

// A passkey is added, after the password was asked again, and signs in without one.
func TestPasskeyInABrowser(t *testing.T) {
	s := newSite(t)
	s.allow(t, s.Caseworker)
	b := s.open(t, "en", "passkey")
	b.authenticator()
	b.signIn(s.Caseworker)
	b.goTo("/account")
	b.run(chromedp.SetValue("#keyname", "test key"), chromedp.SetValue("#keypw", "not the password"))
	b.run(chromedp.Click(`[data-passkey="enrol"]`))
	b.until("the refusal", `document.querySelector('[data-passkey="enrol"]').getAttribute("aria-invalid") === "true"`)
	b.run(chromedp.SetValue("#keypw", password))
	b.run(chromedp.Click(`[data-passkey="enrol"]`))
	b.until("the passkey in the list", `document.querySelector("main").innerText.includes("test key")`)
	eval[int](b, `fetch("/signout", {method: "POST"}).then(r => r.status)`)
	b.goTo("/cases")
	b.until("the sign-in page", `!!document.querySelector('[data-passkey="signin"]')`)
	b.run(chromedp.Click(`[data-passkey="signin"]`))
	b.until("the first page of the caseworker", `location.pathname === "/" && !document.querySelector("#login")`)
}
