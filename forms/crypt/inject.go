package crypt

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrNoModel: there is no place in the form for a key.
var ErrNoModel = errors.New("the form has no model with an instance to encrypt")

// Inject puts a public key into the XML of a form, and versionSuffix behind its version,
// because phones must notice that the form changed. All else stays byte for byte. A key that
// the form has already is replaced. key is the base64 of Public.
func Inject(form []byte, key, versionSuffix string) ([]byte, error) {
	if _, err := ParsePublic(key); err != nil {
		return nil, err
	}
	edits, err := places(form, key, versionSuffix)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	last := 0
	for _, e := range edits {
		out.Write(form[last:e.from])
		out.WriteString(e.text)
		last = e.to
	}
	out.Write(form[last:])
	return out.Bytes(), nil
}

// edit replaces form[from:to].
type edit struct {
	from, to int
	text     string
}

// places walks to the model, its primary instance and its submission element.
func places(form []byte, key, versionSuffix string) ([]edit, error) {
	d := xml.NewDecoder(bytes.NewReader(form))
	d.Strict = true
	var path []string
	var version, place *edit
	for {
		from := int(d.InputOffset())
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading the form: %w", err)
		}
		to := int(d.InputOffset())
		switch t := t.(type) {
		case xml.StartElement:
			path = append(path, t.Name.Local)
			parent := strings.Join(path[:len(path)-1], "/")
			switch {
			case parent == "html/head" && t.Name.Local == "model" && place == nil:
				name := "submission"
				if t.Name.Space != "" {
					name = t.Name.Space + ":" + name
				}
				if form[to-2] == '/' {
					return nil, ErrNoModel
				}
				place = &edit{to, to, `<` + name + ` base64RsaPublicKey="` + key + `"/>`}
			case parent == "html/head/model" && t.Name.Local == "submission":
				place = withAttr(form, from, to, "base64RsaPublicKey", func(string) string { return key })
			case parent == "html/head/model/instance" && version == nil:
				version = withAttr(form, from, to, "version", func(old string) string { return old + escape(versionSuffix) })
			}
		case xml.EndElement:
			if len(path) == 0 {
				return nil, ErrNoModel
			}
			path = path[:len(path)-1]
		}
	}
	if place == nil || version == nil {
		return nil, ErrNoModel
	}
	edits := []edit{*place}
	if versionSuffix != "" {
		edits = append(edits, *version)
		if version.from < place.from {
			edits[0], edits[1] = edits[1], edits[0]
		}
	}
	return edits, nil
}

// withAttr rewrites one attribute of the tag form[from:to], or adds it.
func withAttr(form []byte, from, to int, name string, change func(old string) string) *edit {
	tag := form[from:to]
	i := 0
	for i < len(tag) && !space(tag[i]) && tag[i] != '/' && tag[i] != '>' {
		i++
	}
	end := i // of the element's name
	for i < len(tag) {
		for i < len(tag) && (space(tag[i]) || tag[i] == '/' || tag[i] == '>') {
			i++
		}
		start := i
		for i < len(tag) && tag[i] != '=' && !space(tag[i]) {
			i++
		}
		attr := string(tag[start:i])
		for i < len(tag) && tag[i] != '"' && tag[i] != '\'' {
			i++
		}
		if i >= len(tag) {
			break
		}
		value := i + 1
		close := bytes.IndexByte(tag[value:], tag[i])
		if close < 0 {
			break
		}
		if attr == name {
			return &edit{from + value, from + value + close, change(string(tag[value : value+close]))}
		}
		i = value + close + 1
	}
	return &edit{from + end, from + end, " " + name + `="` + change("") + `"`}
}

func space(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a bytes.Buffer does not fail
	return b.String()
}
