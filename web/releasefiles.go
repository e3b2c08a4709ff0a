package web

import (
	"bytes"
	"mime"
	"net/http"
	"path"

	"aman/platform/i18n"
	"aman/platform/store"
	"aman/release"
	"aman/release/product"
	"aman/release/showcase"
)

// folderPolicy is what the pages of a release may do: run their own scripts, and reach nothing but the folder.
const folderPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// folderTypes are the kinds of file in a folder; anything else is downloaded.
var folderTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".json": "application/json",
	".csv": "text/csv; charset=utf-8", ".txt": "text/plain; charset=utf-8", ".cff": "text/plain; charset=utf-8", ".pem": "text/plain; charset=utf-8",
}

func (s *Server) folder(w http.ResponseWriter, r *http.Request) product.Folder {
	sub, _ := subjectOf(r)
	sub.At = s.Node.Now().UTC()
	f, err := s.Node.Release.Folder(r.Context(), sub, r.PathValue("id"))
	if err != nil {
		s.publishProblem(w, r, err)
		return nil
	}
	return f
}

// publishZip gives the whole folder as one file.
func (s *Server) publishZip(w http.ResponseWriter, r *http.Request) {
	if f := s.folder(w, r); f != nil {
		s.sendZip(w, r, f, "release-"+r.PathValue("id")+".zip")
	}
}

// publishFile gives one file of the folder. Its pages are pages of their own, with a policy of their own.
func (s *Server) publishFile(w http.ResponseWriter, r *http.Request) {
	f := s.folder(w, r)
	if f == nil {
		return
	}
	name := r.PathValue("path")
	body, ok := f.File(name)
	if !ok {
		s.fail(w, r, http.StatusNotFound, "error.not_found")
		return
	}
	kind, known := folderTypes[path.Ext(name)]
	if !known {
		kind = "application/octet-stream"
	}
	if !known || path.Ext(name) == ".csv" {
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(name)}))
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Security-Policy", folderPolicy)
	send(w, r, http.StatusOK, body, false)
}

// publishNotice gives the files that whoever hosts a recalled release lays over the folder that is there.
func (s *Server) publishNotice(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	var req *release.Request
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) (err error) {
		req, err = s.Node.Release.Request(tx, sub, r.PathValue("id"))
		return err
	})
	if err != nil {
		s.publishProblem(w, r, err)
		return
	}
	files, err := s.Node.Release.Notice(r.Context(), sub, req.ID)
	if err != nil {
		s.publishProblem(w, r, err)
		return
	}
	text := product.Text{}
	for _, lang := range i18n.Languages {
		text[lang] = s.texts.T(lang, "publish.recalled.words") + " " + req.Words
	}
	notice := showcase.Notice(text)
	for i := range files {
		if files[i].Name == notice.Name {
			files[i] = notice
		}
	}
	s.sendZip(w, r, files, "recall-"+req.ID+".zip")
}

func (s *Server) sendZip(w http.ResponseWriter, r *http.Request, f product.Folder, name string) {
	var b bytes.Buffer
	if err := f.Zip(&b); err != nil {
		s.problem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	send(w, r, http.StatusOK, b.Bytes(), true)
}
