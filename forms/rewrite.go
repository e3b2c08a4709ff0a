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

// withInstanceID writes an instance id into a submission that has none: into its meta, or,
// without one, into a meta in front of all else.
func withInstanceID(body []byte, id string) ([]byte, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	var root, rootEnd = "", 0
	for depth := 0; ; {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) && root != "" {
			break
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.EndElement:
			depth--
		case xml.StartElement:
			depth++
			switch end := int(d.InputOffset()); {
			case depth == 1 && root == "":
				root, rootEnd = qualified(t.Name), end
			case depth == 2 && t.Name.Local == "meta":
				return inside(body, end, qualified(t.Name), element(t.Name.Space, "instanceID", id)), nil
			}
		}
	}
	return inside(body, rootEnd, root, `<meta xmlns="http://openrosa.org/xforms">`+element("", "instanceID", id)+`</meta>`), nil
}

func qualified(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

func element(prefix, local, text string) string {
	name := qualified(xml.Name{Space: prefix, Local: local})
	return "<" + name + ">" + text + "</" + name + ">"
}

// inside puts text in front of all else in the element whose start tag ends at end.
func inside(body []byte, end int, name, text string) []byte {
	if body[end-2] == '/' {
		return slices.Concat(body[:end-2], []byte(">"+text+"</"+name+">"), body[end:])
	}
	return slices.Concat(body[:end], []byte(text), body[end:])
}
