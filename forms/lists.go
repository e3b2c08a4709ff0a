package forms

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"aman/forms/xform"
	"aman/forms/xpath"
	"aman/platform/store"
)

// Lists are the files beside a form that its choices are drawn from, so submissions are
// judged by them.

// readers read them, by how their names end.
var readers = map[string]func([]byte) (*xpath.Node, error){
	".csv": func(b []byte) (*xpath.Node, error) { return xform.CSVList(bytes.NewReader(b)) },
	".xml": func(b []byte) (*xpath.Node, error) {
		return xpath.ParseXML(bytes.NewReader(b), xpath.XMLLimits{Bytes: MaxMedium, Nodes: 5_000_000})
	},
	".geojson": geoJSON,
}

func isList(name string) bool { return readers[strings.ToLower(path.Ext(name))] != nil }

// relist names what the lists of the draft hold, so that a model compiled with them is told
// from one compiled with others.
func (s *Service) relist(tx *store.Tx, form string) error {
	sum, n := sha256.New(), 0
	err := tx.Each(func(r *sql.Rows) error {
		var name, content string
		if err := r.Scan(&name, &content); err != nil {
			return err
		}
		if isList(name) {
			fmt.Fprintf(sum, "%q %s\n", name, content)
			n++
		}
		return nil
	}, "SELECT name, content FROM form_media WHERE form = ? AND version = ? AND content <> '' ORDER BY name", form, DraftVersion)
	if err != nil {
		return err
	}
	lists := ""
	if n > 0 {
		lists = hex.EncodeToString(sum.Sum(nil))
	}
	_, err = tx.Exec("UPDATE form_drafts SET lists = ? WHERE form = ?", lists, form)
	return err
}

// lists reads the lists of a version.
func (s *Service) lists(tx *store.Tx, p Published) (map[string][]byte, error) {
	if p.lists == "" {
		return nil, nil
	}
	names, err := tx.Strings("SELECT name FROM form_media WHERE form = ? AND version = ? AND content <> ''", p.Form, p.stored())
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, name := range names {
		if !isList(name) {
			continue
		}
		if out[name], err = blob(tx, p.Form, p.stored(), name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// external gives a list to the compiler of forms.
func external(lists map[string][]byte) func(source string) (*xpath.Node, error) {
	return func(source string) (*xpath.Node, error) {
		name := path.Base(source)
		list, ok := lists[name]
		if !ok {
			return nil, nil
		}
		return readers[strings.ToLower(path.Ext(name))](list)
	}
}

// geoJSON reads a FeatureCollection (RFC 7946) as the list that forms draw from: root/item
// with one element a property, id, and geometry as ODK writes it, “latitude longitude 0 0”,
// points of lines and areas divided by semicolons
// (https://docs.getodk.org/form-datasets/#building-selects-from-geojson-files).
func geoJSON(body []byte) (*xpath.Node, error) {
	var file struct {
		Type     string
		Features []struct {
			ID       any
			Geometry struct {
				Type        string
				Coordinates json.RawMessage
			}
			Properties map[string]any
		}
	}
	if json.Unmarshal(body, &file) != nil || file.Type != "FeatureCollection" {
		return nil, errors.New("the list is no GeoJSON FeatureCollection")
	}
	root := xpath.NewElement("root", "")
	for i, f := range file.Features {
		points, err := coordinates(f.Geometry.Type, f.Geometry.Coordinates)
		if err != nil {
			return nil, fmt.Errorf("feature %d of the list: %w", i+1, err)
		}
		item := xpath.NewElement("item", "")
		item.Append(xpath.NewElement("geometry", points))
		for _, name := range slices.Sorted(maps.Keys(f.Properties)) {
			if elementName.MatchString(name) {
				item.Append(xpath.NewElement(name, word(f.Properties[name])))
			}
		}
		if f.Properties["id"] == nil && f.ID != nil {
			item.Append(xpath.NewElement("id", word(f.ID)))
		}
		root.Append(item)
	}
	return xpath.NewDocument().Append(root), nil
}

// elementName is what XML takes for the name of an element.
var elementName = regexp.MustCompile(`^[\pL_][\pL\pN_.-]*$`)

// word is a JSON value as text.
func word(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func coordinates(kind string, raw json.RawMessage) (string, error) {
	var points [][]float64
	var err error
	switch kind {
	case "Point":
		points = make([][]float64, 1)
		err = json.Unmarshal(raw, &points[0])
	case "LineString":
		err = json.Unmarshal(raw, &points)
	case "Polygon":
		var rings [][][]float64
		if err = json.Unmarshal(raw, &rings); err == nil && len(rings) > 0 {
			points = rings[0]
		}
	default:
		return "", errors.New("its geometry is no Point, LineString or Polygon")
	}
	if err != nil {
		return "", errors.New("its coordinates cannot be read")
	}
	var out []string
	for _, p := range points {
		if len(p) < 2 {
			return "", errors.New("a point has fewer than two coordinates")
		}
		out = append(out, word(p[1])+" "+word(p[0])+" 0 0")
	}
	return strings.Join(out, "; "), nil
}
