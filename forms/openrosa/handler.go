package openrosa

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"aman/forms"
	"aman/forms/entities"
	"aman/platform/i18n"
	"aman/platform/signin"
	"aman/platform/store"
)

// Handler serves the protocol for one node. It is safe for concurrent use.
type Handler struct {
	Forms  *forms.Service
	Store  *store.DB
	SignIn *signin.Service
	// Lists are the entity lists that forms choose from; nil: there are none.
	Lists *entities.Service
	// Base is the outside address, https://host, when it cannot be told from requests.
	Base string
	// Secure says whether a request came over https, to us or to the proxy before us.
	Secure func(*http.Request) bool
	Texts  *i18n.Catalogue
	Now    func() time.Time
	Log    *slog.Logger

	held   atomic.Int64
	nonces nonces
	shared shared
	once   sync.Once
}

// answer is one act of the protocol. What it returns is told to the phone in a sentence.
type answer func(h *Handler, w http.ResponseWriter, r *http.Request, c caller) error

// addresses is what a base has below it. The first four are what OpenRosa names; the others
// are wherever the list and the manifest point.
var addresses = []struct {
	pattern string
	answer  answer
}{
	{"GET %s/formList", (*Handler).list},
	{"HEAD %s/submission", (*Handler).head},
	{"POST %s/submission", (*Handler).submission},
	{"GET %s/forms/{form}", (*Handler).form},
	{"GET %s/forms/{form}/form.xml", (*Handler).form},
	{"GET %s/forms/{form}/manifest", (*Handler).manifest},
	{"GET %s/xformsManifest/{form}", (*Handler).manifest},
	{"GET %s/forms/{form}/attachments/{name}", (*Handler).media},
	{"GET %s/forms/{form}/attachments/{name}/integrity", (*Handler).integrity},
	{"GET %s/xformsMedia/{form}/{name}", (*Handler).media},
	{"GET %s/xformsMedia/{form}/{name}/integrity", (*Handler).integrity},
	{"GET %s/forms/{form}/versions/{version}", (*Handler).form},
	{"GET %s/forms/{form}/versions/{version}/manifest", (*Handler).manifest},
	{"GET %s/forms/{form}/versions/{version}/attachments/{name}", (*Handler).media},
	{"GET %s/forms/{form}/versions/{version}/attachments/{name}/integrity", (*Handler).integrity},
}

// protocol is how many of addresses OpenRosa names itself.
const protocol = 3

// ofDrafts is what the address of a draft under test has below it.
var ofDrafts = []struct {
	pattern string
	answer  answer
}{
	{"GET %s/draft/formList", (*Handler).list},
	{"HEAD %s/draft/submission", (*Handler).head},
	{"POST %s/draft/submission", (*Handler).submission},
	{"GET %s/draft.xml", (*Handler).form},
	{"GET %s/draft/manifest", (*Handler).manifest},
	{"GET %s/draft/attachments/{name}", (*Handler).media},
	{"GET %s/draft/attachments/{name}/integrity", (*Handler).integrity},
}

// bases are the addresses that a phone is given, and how each says who asks. Addresses in
// answers to a phone that signs in by name begin with /kobo/NAME wherever it began.
var bases = []struct {
	base string
	who  identify
	only int // so many of addresses; 0: all
}{
	{"/v1/key/{token}/projects/{project}", byToken, 0},
	{"/v1/projects/{project}", byQuery, protocol},
	{"/collector/{token}", byCollector, 0},
	{"/kobo/{username}", byName, 0},
	{"", byName, protocol},
}

// Register puts the addresses of the protocol on a mux. What KoboToolbox has at /NAME/formList
// is not among them, because NAME could be any page: see [Handler.Else].
func (h *Handler) Register(mux *http.ServeMux) {
	for _, b := range bases {
		for i, a := range addresses {
			if b.only == 0 || i < b.only {
				mux.HandleFunc(strings.Replace(a.pattern, "%s", b.base, 1), h.as(b.who, a.answer))
			}
		}
	}
	for _, base := range []string{"/v1/test/{token}/projects/{project}/forms/{form}", "/test/{token}/projects/{project}/forms/{form}"} {
		for _, a := range ofDrafts {
			mux.HandleFunc(strings.Replace(a.pattern, "%s", base, 1), h.as(byDraft, a.answer))
		}
	}
}

// Else answers /NAME/formList and /NAME/submission as KoboToolbox has them, and leaves to next
// what is neither. It belongs behind every page: a page of that name comes first.
func (h *Handler) Else(next http.Handler) http.Handler {
	byVerb := map[string]http.HandlerFunc{}
	for _, a := range addresses[:protocol] {
		method, path, _ := strings.Cut(a.pattern, " ")
		byVerb[method+strings.TrimPrefix(path, "%s")] = h.as(byName, a.answer)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		method := r.Method
		if method == http.MethodHead && rest == "formList" {
			method = http.MethodGet
		}
		if do := byVerb[method+"/"+rest]; do != nil && name != "" {
			r.SetPathValue("username", name)
			do(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// as finds out who asks, sets the headers of every answer, and reads on to the end of what was
// sent before it answers: a phone that is cut off in the middle of sending never reads why.
func (h *Handler) as(who identify, do answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h.once.Do(func() { h.nonces.tag, h.nonces.now = h.SignIn.Tag, h.Now })
		// Spelled as the standard spells them, which Set would not.
		w.Header()["X-OpenRosa-Version"] = []string{"1.0"}
		w.Header()["X-OpenRosa-Accept-Content-Length"] = []string{strconv.Itoa(MaxRequest)}
		w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
		r, body := arriving(w, r)
		c, err := who(h, r)
		if err == nil {
			err = h.bound(r.Context(), &c)
		}
		if err == nil {
			err = do(h, w, r, c)
		}
		if err == nil {
			return
		}
		body.finish()
		h.fail(w, r, err)
	}
}

// base is the outside address of this server.
func (h *Handler) base(r *http.Request) string {
	if h.Base != "" {
		return strings.TrimSuffix(h.Base, "/")
	}
	if h.Secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
