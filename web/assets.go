package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

// asset is a static file, under a name that changes with its content, so that browsers
// keep it for ever.
type asset struct {
	address   string
	mediaType string
	body      []byte
	// small is the body under gzip, of a large one; made when first asked for.
	small func() []byte
}

func loadAssets() (map[string]asset, error) {
	out := map[string]asset{}
	return out, fs.WalkDir(files, "assets", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := files.ReadFile(p)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(p, "assets/")
		sum := sha256.Sum256(body)
		a := asset{
			address:   "/assets/" + hex.EncodeToString(sum[:6]) + "/" + name,
			mediaType: mime.TypeByExtension(path.Ext(name)),
			body:      body,
		}
		if len(body) > 64<<10 {
			a.small = sync.OnceValue(func() []byte { return squeezed(body) })
		}
		out[name] = a
		return nil
	})
}

func (s *Server) asset(w http.ResponseWriter, r *http.Request) {
	a, ok := s.assets[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.mediaType)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	if a.small != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		send(w, r, http.StatusOK, a.small(), true)
		return
	}
	send(w, r, http.StatusOK, a.body, false)
}

// squeezed is a body as small as gzip makes it.
func squeezed(body []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // a known level
	w.Write(body)                                           // a bytes.Buffer does not fail
	w.Close()
	return out.Bytes()
}

// functions are what templates may call besides the methods of their page.
func functions(assets map[string]asset) template.FuncMap {
	return template.FuncMap{
		"asset": func(name string) (string, error) {
			a, ok := assets[name]
			if !ok {
				return "", fmt.Errorf("there is no asset %q", name)
			}
			return a.address, nil
		},
		"list": func(items ...string) []string { return items },
		// dict passes several values to a part: {{template "x" dict "Page" $ "Row" .}}
		"dict": func(pairs ...any) (map[string]any, error) {
			if len(pairs)%2 != 0 {
				return nil, fmt.Errorf("dict takes pairs")
			}
			m := make(map[string]any, len(pairs)/2)
			for i := 0; i < len(pairs); i += 2 {
				m[fmt.Sprint(pairs[i])] = pairs[i+1]
			}
			return m, nil
		},
	}
}
