package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"aman/forms"
	"aman/platform/access"
	"aman/platform/i18n"
	"aman/platform/store"
)

// The pages for filling in a form in the browser. One shell serves the list and every
// form; what happens in it is web/fill (JavaScript), built into assets/fill. The shell
// holds no name and no answer, so a browser may keep it for when there is no network.

func (s *Server) fillRoutes(in func(string, http.HandlerFunc)) {
	in("GET /fill", s.fill)
	in("GET /fill/{project}/{form}", s.fill)
	in("GET /fill/forms.json", s.fillForms)
	in("GET /fill/{project}/{form}/form.xml", s.fillForm)
	in("GET /fill/{project}/{form}/media/{name}", s.fillMedium)
	in("POST /fill/key", s.fillKey)
	s.mux.HandleFunc("GET /fill/shell", s.fillShell)
	s.mux.HandleFunc("GET /fill/sw.js", s.fillWorker)
	s.mux.HandleFunc("POST /fill/{project}/{form}/submission", s.signedIn(s.fillSubmission))
}

// fillCSP differs from that of the other pages in this: the form engine parses XPath with
// a WebAssembly module ('wasm-unsafe-eval' allows to compile that, and no script from
// text), and what a person attaches is shown from memory (blob:). PrimeVue's styles come
// in constructed style sheets, which need no leave.
const fillCSP = "default-src 'none'; style-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// fillable is a form as the list of the browser has it.
type fillable struct {
	Project     int64        `json:"project"`
	ProjectName string       `json:"projectName"`
	Form        string       `json:"form"`
	Version     string       `json:"version"`
	Title       string       `json:"title"`
	Hash        string       `json:"hash"`
	Media       []fillMedium `json:"media"`
}

type fillMedium struct {
	Name string `json:"name"`
	Hash string `json:"hash"`
}

type fillPage struct {
	Forms []fillable
	// Texts are all that the script says, as JSON.
	Texts string
}

func (s *Server) fillPage(w http.ResponseWriter, r *http.Request, p *Page, list []fillable) {
	texts, err := json.Marshal(s.fillTexts(p.Lang))
	if err != nil {
		s.problem(w, r, err)
		return
	}
	p.Body = &fillPage{list, string(texts)}
	w.Header().Set("Content-Security-Policy", fillCSP)
	w.Header().Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(self), interest-cohort=()")
	s.render(w, r, http.StatusOK, "fill", p)
}

// fillTexts are the texts of the script in one language, by their names there.
func (s *Server) fillTexts(lang string) map[string]string {
	out := map[string]string{}
	for _, key := range s.texts.Keys() {
		if name, ok := strings.CutPrefix(key, "fill."); ok {
			out[name] = s.texts.T(lang, key)
		}
	}
	return out
}

// fill is the shell for somebody who is signed in.
func (s *Server) fill(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "fill.title")
	list, err := s.fillable(r)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	s.fillPage(w, r, p, list)
}

// fillShell is the shell for nobody in particular: what a browser keeps.
func (s *Server) fillShell(w http.ResponseWriter, r *http.Request) {
	lang := r.URL.Query().Get("lang")
	if !i18n.Known(lang) {
		lang = languageOf(r, access.Subject{})
	}
	p := &Page{Lang: lang, Dir: i18n.Direction(lang), TitleKey: "fill.title", Path: "/fill", Demo: s.Demo, srv: s, ctx: r.Context()}
	s.fillPage(w, r, p, nil)
}

// fillWorker is the service worker, with the list of what it keeps in front.
func (s *Server) fillWorker(w http.ResponseWriter, r *http.Request) {
	var keep []string
	for name, a := range s.assets {
		switch chunk, ours := strings.CutPrefix(name, "fill/"); {
		case name == "aman.css" || name == "aman.js" || name == "icon.svg" || chunk == "fill.js" || chunk == "fill.css":
			keep = append(keep, a.address)
		case ours && chunk != "sw.js":
			// Chunks name each other by a path beside fill.js.
			keep = append(keep, strings.TrimSuffix(s.assets["fill/fill.js"].address, "fill.js")+chunk)
		}
	}
	for _, lang := range i18n.Languages {
		keep = append(keep, "/fill/shell?lang="+lang)
	}
	slices.Sort(keep)
	list, err := json.Marshal(keep)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	// The texts are in the shell: when they change, the worker must change too.
	texts, err := json.Marshal([]any{s.fillTexts("en"), s.fillTexts("ur"), s.fillTexts("id")})
	if err != nil {
		s.problem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Service-Worker-Allowed", "/fill")
	fmt.Fprintf(w, "const keep=%s,edition=%q;\n", list, edition(list, texts))
	w.Write(s.assets["fill/sw.js"].body)
}

// edition is a name that changes with what the parts say.
func edition(parts ...[]byte) string {
	sum := sha256.Sum256(bytes.Join(parts, nil))
	return hex.EncodeToString(sum[:6])
}

// fillKey gives the person who is signed in the secret that opens what this browser keeps
// for her. It is derived, so nothing is stored; whoever loses her account gets it no more.
// The browser names itself by a random number, and the secret differs with it: a session
// that was stolen once does not open a disk that is stolen later.
func (s *Server) fillKey(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Device string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || len(asked.Device) < 22 || len(asked.Device) > 100 {
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	sub, _ := subjectOf(r)
	p := s.page(r, "fill.title")
	derive := func(what string) []byte { return s.Node.Ring.Derive("fill/" + what + "/" + sub.User) }
	s.json(w, http.StatusOK, map[string]string{
		"holder": base64.RawURLEncoding.EncodeToString(derive("holder")[:16]),
		"secret": base64.StdEncoding.EncodeToString(derive("secret/" + asked.Device)),
		// Forms may ask who fills them in (jr:preload="property").
		"name": p.Who(sub.User),
	})
}

func (s *Server) json(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.Log.Info("an answer was not taken", "err", err)
	}
}

func (s *Server) fillForms(w http.ResponseWriter, r *http.Request) {
	list, err := s.fillable(r)
	if err != nil {
		s.problem(w, r, err)
		return
	}
	s.json(w, http.StatusOK, list)
}

// fillable lists the forms that the subject may fill now.
func (s *Server) fillable(r *http.Request) ([]fillable, error) {
	sub, _ := subjectOf(r)
	out := []fillable{}
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		projects, err := s.Node.Forms.Projects(tx, sub)
		if err != nil {
			return err
		}
		names := map[int64]string{}
		for _, p := range projects {
			names[p.ID] = p.Name
		}
		list, err := s.Node.Forms.Fillable(tx, sub, 0)
		if err != nil {
			return err
		}
		for _, f := range list {
			media, err := s.fillMedia(tx, sub, f)
			if err != nil {
				return err
			}
			out = append(out, fillable{Project: f.Project, ProjectName: names[f.Project], Form: f.Form, Version: f.Version, Title: f.Title, Hash: f.Hash, Media: media})
		}
		return nil
	})
	return out, err
}

// fillMedia lists the files that go with a form.
func (s *Server) fillMedia(tx *store.Tx, sub access.Subject, f forms.Published) ([]fillMedium, error) {
	media, err := s.Node.Forms.MediaOf(tx, f.Form, f.Version)
	out := []fillMedium{}
	if err != nil {
		return nil, err
	}
	for _, m := range media {
		if m.Dataset != "" {
			// What she may see of the list changes with the list and with her.
			m.Hash, err = s.Node.Entities.Hash(tx, sub, f.Project, m.Dataset)
			if access.AsRefusal(err) != nil {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		if m.Exists {
			out = append(out, fillMedium{m.Name, m.Hash})
		}
	}
	return out, nil
}

// fillOf finds out which form an address means, and that the subject may fill it now. Who
// has a draft of a form that is closed by now has the form with it.
func (s *Server) fillOf(tx *store.Tx, r *http.Request) (project int64, form, version string, err error) {
	sub, _ := subjectOf(r)
	form, version = r.PathValue("form"), r.URL.Query().Get("version")
	if project, err = strconv.ParseInt(r.PathValue("project"), 10, 64); err != nil || project <= 0 {
		return 0, "", "", store.ErrNone
	}
	if version == forms.DraftVersion {
		return 0, "", "", store.ErrNone
	}
	list, err := s.Node.Forms.Fillable(tx, sub, project)
	if err == nil && !slices.ContainsFunc(list, func(f forms.Published) bool { return f.Form == form }) {
		err = store.ErrNone
	}
	return project, form, version, err
}

func (s *Server) fillForm(w http.ResponseWriter, r *http.Request) {
	var body []byte
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		_, form, version, err := s.fillOf(tx, r)
		if err == nil {
			_, body, err = s.Node.Forms.Definition(tx, form, version)
		}
		return err
	})
	s.fillFile(w, r, "text/xml; charset=utf-8", body, err)
}

// fillMedium sends a file beside a form; an entity list as the rows and properties that the
// subject may carry about.
func (s *Server) fillMedium(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	var m forms.Medium
	var body []byte
	var project int64
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		var form, version string
		var err error
		if project, form, version, err = s.fillOf(tx, r); err == nil {
			m, body, err = s.Node.Forms.MediumOf(tx, form, version, r.PathValue("name"))
		}
		return err
	})
	if m.Dataset != "" && errors.Is(err, store.ErrNone) {
		var list bytes.Buffer
		_, err = s.Node.Entities.CSV(r.Context(), sub, project, m.Dataset, &list)
		m.Type, body = "text/csv; charset=utf-8", list.Bytes()
	}
	s.fillFile(w, r, m.Type, body, err)
}

// fillFile sends a file that a form needs. It was uploaded by somebody: the browser shall
// never take it for a page.
func (s *Server) fillFile(w http.ResponseWriter, r *http.Request, mediaType string, body []byte, err error) {
	if errors.Is(err, store.ErrNone) {
		s.fail(w, r, http.StatusNotFound, "error.not_found")
		return
	}
	if err != nil {
		s.problem(w, r, err)
		return
	}
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Disposition", "attachment")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	send(w, r, http.StatusOK, body, false)
}

// FillAddress is where a form is filled in.
func (f fillable) FillAddress() string {
	return "/fill/" + strconv.FormatInt(f.Project, 10) + "/" + url.PathEscape(f.Form)
}
