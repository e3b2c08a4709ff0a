package forms

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
)

// setVersion writes another version into a definition, where it stands in the root of the
// first instance, and changes nothing else.
func setVersion(definition []byte, version string) ([]byte, error) {
	begin, end, err := rootTag(definition)
	if err != nil {
		return nil, err
	}
	var value bytes.Buffer
	if err := xml.EscapeText(&value, []byte(version)); err != nil {
		return nil, err
	}
	tag := definition[begin:end]
	attr := slices.Concat([]byte(` version="`), value.Bytes(), []byte(`"`))
	if at := versionAttr.FindIndex(tag); at != nil {
		tag = slices.Concat(tag[:at[0]], attr, tag[at[1]:])
	} else {
		end := len(tag) - 1
		if tag[end-1] == '/' {
			end--
		}
		tag = slices.Concat(tag[:end], attr, tag[end:])
	}
	return slices.Concat(definition[:begin], tag, definition[end:]), nil
}

var versionAttr = regexp.MustCompile(`\sversion\s*=\s*(?:"[^"]*"|'[^']*')`)

// rootTag finds the start tag of the root of a definition's first instance.
func rootTag(definition []byte) (begin, end int, err error) {
	d := xml.NewDecoder(bytes.NewReader(definition))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	inModel, inInstance := false, false
	for {
		before := int(d.InputOffset())
		token, err := d.RawToken()
		if err != nil {
			return 0, 0, errors.New("the form has no instance")
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch {
		case inInstance:
			return before, int(d.InputOffset()), nil
		case start.Name.Local == "model":
			inModel = true
		case inModel && start.Name.Local == "instance":
			inInstance = true
		}
	}
}

// withInstanceID writes an instance id into a submission that has none: in front of all
// else in its root, where it is the first meta that a reader finds.
func withInstanceID(body []byte, id string) ([]byte, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.RawToken()
		if err != nil {
			return nil, err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		end := int(d.InputOffset())
		name := start.Name.Local
		if start.Name.Space != "" {
			name = start.Name.Space + ":" + name
		}
		meta := []byte(`<meta xmlns="http://openrosa.org/xforms"><instanceID>` + id + `</instanceID></meta>`)
		if body[end-2] == '/' {
			return slices.Concat(body[:end-2], []byte(">"), meta, []byte("</"+name+">"), body[end:]), nil
		}
		return slices.Concat(body[:end], meta, body[end:]), nil
	}
}
