package central

import (
	"encoding/json"
	"io"

	"aman/forms/export"
)

// geometry is the property that holds the place of an entity, by a rule of the ODK Entities
// specification.
const geometry = "geometry"

// entityGeoJSON answers with the places of the entities of a list: GET …/entities.geojson,
// with $filter, $search and limit.
func (c *call) entityGeoJSON() error {
	d, err := c.theDataset()
	if err != nil {
		return err
	}
	o, err := c.entityOptions(d)
	if err != nil {
		return err
	}
	limit, _, err := c.page()
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/geo+json; charset=utf-8")
	return c.stream(func(w io.Writer) error {
		before := `{"type":"FeatureCollection","features":[`
		err := c.eachEntity(d, o, func(e *entityRow) error {
			shape := shapeOf(export.Points([]byte(e.Values[geometry])))
			if shape == nil {
				return nil
			}
			if limit == 0 {
				return errFull
			}
			limit--
			body, err := json.Marshal(ordered{{"type", "Feature"}, {"id", e.ID}, {"geometry", shape}})
			if err != nil {
				return err
			}
			_, err = w.Write(append([]byte(before), body...))
			before = ","
			return err
		})
		if err != nil && err != errFull {
			return err
		}
		if before != "," {
			_, err = io.WriteString(w, before)
			if err != nil {
				return err
			}
		}
		_, err = io.WriteString(w, "]}")
		return err
	})
}

// shapeOf makes GeoJSON of the points of an answer, by what they look like: one is a point, a
// ring of four or more that ends where it began a polygon, the rest a line (RFC 7946).
func shapeOf(points []export.Point) any {
	if len(points) == 0 {
		return nil
	}
	at := make([][]float64, len(points))
	for i, p := range points {
		at[i] = []float64{p.Lon, p.Lat}
		if p.Has > 2 {
			at[i] = append(at[i], p.Altitude)
		}
	}
	first, last := points[0], points[len(points)-1]
	switch {
	case len(points) == 1:
		return ordered{{"type", "Point"}, {"coordinates", at[0]}}
	case len(points) > 3 && first.Lat == last.Lat && first.Lon == last.Lon:
		return ordered{{"type", "Polygon"}, {"coordinates", [][][]float64{at}}}
	}
	return ordered{{"type", "LineString"}, {"coordinates", at}}
}
