package export

import (
	"bytes"
	"io"
	"strconv"
)

// Point is a place: degrees (WGS 84) and metres.
type Point struct {
	Lat, Lon           float64
	Altitude, Accuracy float64
	Has                int // how many of the four numbers were given
}

// Points reads a geopoint (one), a geotrace or a geoshape; nil when it is none.
func Points(v []byte) []Point {
	var out []Point
	for one := range bytes.SplitSeq(v, []byte(";")) {
		if one = bytes.TrimSpace(one); len(one) == 0 {
			continue
		}
		var n [4]float64
		has := 0
		for f := range bytes.FieldsSeq(one) {
			x, err := strconv.ParseFloat(string(f), 64)
			if err != nil || has == 4 || !isNumber(f) {
				return nil
			}
			n[has] = x
			has++
		}
		if has < 2 || n[0] < -90 || n[0] > 90 || n[1] < -180 || n[1] > 180 {
			return nil
		}
		out = append(out, Point{Lat: n[0], Lon: n[1], Altitude: n[2], Accuracy: n[3], Has: has})
	}
	return out
}

// shapes are the names of what a type is, in GeoJSON (RFC 7946) and well-known text.
var shapes = map[string]struct {
	json, wkt     string
	open, close   string
	before, after string
	least         int
}{
	"geopoint": {"Point", "POINT", "", "", "(", ")", 1},
	"geotrace": {"LineString", "LINESTRING", "[", "]", "(", ")", 2},
	"geoshape": {"Polygon", "POLYGON", "[[", "]]", "((", "))", 4},
}

// appendGeo appends a place as GeoJSON with accuracies among its properties, or as
// well-known text; ok is false when it is none.
func appendGeo(dst []byte, kind string, v []byte, wkt bool) (out []byte, ok bool) {
	shape := shapes[kind]
	points := Points(v)
	if len(points) < shape.least || kind == "geopoint" && len(points) != 1 {
		return dst, false
	}
	number := func(n float64) { dst = strconv.AppendFloat(dst, n, 'g', -1, 64) }
	if wkt {
		dst = append(append(dst, '"'), shape.wkt+" "+shape.before...)
		for i, p := range points {
			if i > 0 {
				dst = append(dst, ',')
			}
			number(p.Lon)
			dst = append(dst, ' ')
			number(p.Lat)
			if p.Has > 2 {
				dst = append(dst, ' ')
				number(p.Altitude)
			}
		}
		return append(dst, shape.after+`"`...), true
	}
	dst = append(dst, `{"type":"`+shape.json+`","coordinates":`+shape.open...)
	known := false
	for i, p := range points {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '[')
		number(p.Lon)
		dst = append(dst, ',')
		number(p.Lat)
		if p.Has > 2 {
			dst = append(dst, ',')
			number(p.Altitude)
		}
		dst = append(dst, ']')
		known = known || p.Has > 3
	}
	dst = append(dst, shape.close...)
	switch {
	case known && kind == "geopoint":
		dst = append(dst, `,"properties":{"accuracy":`...)
		number(points[0].Accuracy)
		dst = append(dst, '}')
	case known:
		dst = append(dst, `,"properties":{"accuracies":[`...)
		for i, p := range points {
			if i > 0 {
				dst = append(dst, ',')
			}
			if p.Has > 3 {
				number(p.Accuracy)
			} else {
				dst = append(dst, "null"...)
			}
		}
		dst = append(dst, ']', '}')
	}
	return append(dst, '}'), true
}

// GeoJSON writes a feature for each place that was answered: of the question with that
// path, or of all. Its properties are fieldpath, as Central has it, and the columns of its
// table.
func (l *Layout) GeoJSON(w io.Writer, path string, o Options, src Source) error {
	if _, err := io.WriteString(w, `{"type":"FeatureCollection","features":[`); err != nil {
		return err
	}
	o.WholePoints = true
	first := true
	err := l.run(w, o.Workers, src, func() format { return l.features(path, o) }, func(b *batch) error {
		out := b.out
		if first && len(out) > 0 {
			out, first = out[1:], false // the comma before the first
		}
		_, err := w.Write(out)
		return err
	})
	if err == nil {
		_, err = io.WriteString(w, "\n]}\n")
	}
	return err
}

func (l *Layout) features(path string, o Options) format {
	type place struct {
		sheet *sheet
		field *Field
		head  []string
	}
	var places []place
	for _, t := range l.Tables {
		for _, f := range t.Fields {
			if _, geo := shapes[f.Type]; !geo || path != "" && f.Path != path || f.Hidden() && !o.Identity || f.Gone && !o.Gone {
				continue
			}
			p := place{l.sheet(t, o), f, nil}
			for _, c := range p.sheet.columns {
				p.head = append(p.head, string(appendText(nil, c.Header))+":")
			}
			places = append(places, p)
		}
	}
	var scratch, v []byte
	return func(rec *Record, b *batch) {
		for _, p := range places {
			for row := range rec.Tables[p.sheet.table.N] {
				dst, ok := appendGeo(append(b.out, ",\n"+`{"type":"Feature","geometry":`...), p.field.Type, rec.Tables[p.sheet.table.N][row].Cells[p.field.N], false)
				if !ok {
					continue
				}
				dst = append(dst, `,"id":`...)
				dst = appendText(dst, rec.Meta.Instance)
				dst = append(dst, `,"properties":{"fieldpath":`...)
				dst = appendText(dst, fieldPath(p.field.Path))
				for i, c := range p.sheet.columns {
					if c.Field == p.field {
						continue
					}
					if v, scratch = p.sheet.value(i, rec, row, scratch); len(v) == 0 {
						continue
					}
					dst = append(append(dst, ','), p.head[i]...)
					dst = appendText(dst, v)
				}
				b.out = append(dst, '}', '}')
			}
		}
	}
}

// fieldPath is a path without the root element, as Central names fields: /place.
func fieldPath(path string) string {
	for i := 1; i < len(path); i++ {
		if path[i] == '/' {
			return path[i:]
		}
	}
	return path
}
