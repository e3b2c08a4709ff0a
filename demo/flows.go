package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"aman/forms"
	"aman/node"
	"aman/platform/access"
	"aman/platform/ids"
	"aman/registry"
)

// points enters the crossings, airports and landing places of the pack. They are its
// reference data, so no role is asked whether it may write them.
func (t *teller) points(ctx context.Context, n *node.Node, admin access.Subject) (map[string]string, error) {
	made := map[string]string{}
	_, err := n.Forms.Submit(ctx, admin, forms.Filled{Form: Form, Version: "1", Body: []byte(`{"places":"places.yaml"}`), Verb: "import"}, func(a *forms.Act) error {
		for _, p := range t.c.places {
			if p.Kind != "border_crossing" && p.Kind != "airport" && p.Kind != "coast" {
				continue
			}
			v := registry.Values{"code": p.Code, "kind": p.Kind, "place": p.Code, "country": p.Country, "publishable": p.Publishable}
			if p.PCode != "" {
				v["pcode"] = p.PCode
			}
			if p.Lat != nil {
				v["location"] = strconv.FormatFloat(*p.Lat, 'f', -1, 64) + " " + strconv.FormatFloat(*p.Lon, 'f', -1, 64)
			}
			id := ids.New()
			if _, err := a.Apply(registry.Write{Register: "points", ID: id, Create: true, Values: v, Place: registry.Place{Org: admin.Org, Owner: admin.User}}.Follows()); err != nil {
				return fmt.Errorf("point %s: %w", p.Code, err)
			}
			made[p.Code] = id
		}
		return nil
	})
	return made, err
}

// counted makes up the counts of one point on one day.
func (p *tally) counted(r *rand.Rand, day time.Time, back, days int) []registry.Values {
	hours := math.Round(2*(p.Hours[0]+r.Float64()*(p.Hours[1]-p.Hours[0]))) / 2
	// A slow wave and a rise towards today, so that a line over time has a shape.
	swell := 1 + 0.25*math.Sin(float64(back)/17) + 0.2*float64(days-back)/float64(days)
	weekday := (int(day.Weekday()) + 6) % 7
	if r.IntN(60) == 0 {
		return nil // the point was closed, or nobody counted; that is not a zero
	}
	var out []registry.Values
	for _, line := range p.Lines {
		mean := line.Persons * swell * p.Week[weekday]
		for _, sex := range []string{"female", "male"} {
			for _, minor := range []bool{true, false} {
				share := line.Female
				if sex == "male" {
					share = 1 - line.Female
				}
				if minor {
					share *= line.Minors
				} else {
					share *= 1 - line.Minors
				}
				persons := around(r, mean*share)
				if persons == 0 {
					continue
				}
				out = append(out, registry.Values{"date": day.Format(time.DateOnly), "direction": line.Direction, "nationality": line.Nationality, "sex": sex,
					"minors": minor, "persons": persons, "facilitated": line.Facilitated, "reason": line.Reasons.pick(r), "hours": hours})
			}
		}
	}
	return out
}

// around is a count with the spread of one: as wide as its root, a little wider as
// people come in families.
func around(r *rand.Rand, mean float64) int64 {
	return int64(max(0, math.Round(mean+r.NormFloat64()*1.6*math.Sqrt(mean))))
}

// tallies enters what a point counted over some days, as the enumerator's tally of each.
func (t *teller) tallies(days int, points map[string]string) []func(context.Context, *node.Node, *Clock) error {
	var jobs []func(context.Context, *node.Node, *Clock) error
	for i := range t.c.tallies {
		p := &t.c.tallies[i]
		worker, ok := t.o.who("enumerator", p.Office)
		if !ok {
			continue
		}
		for back := days; back > 0; back-- {
			day := t.today.AddDate(0, 0, -back)
			lines := p.counted(t.chance("flow "+p.Place, back), day, back, days)
			if len(lines) == 0 {
				continue
			}
			jobs = append(jobs, func(ctx context.Context, n *node.Node, c *Clock) error {
				body, err := json.Marshal(lines)
				if err != nil {
					return err
				}
				evening := day.Add(18 * time.Hour)
				c.next(evening)
				_, err = n.Forms.Submit(ctx, worker, forms.Filled{Form: "demo.tally", Version: "1", Office: t.o.offices[p.Office], Body: body, Verb: "submit"}, func(a *forms.Act) error {
					for _, v := range lines {
						v["point"] = points[p.Place]
						if _, err := a.Apply(registry.Write{Register: "flow_counts", Create: true, Values: v,
							Place: registry.Place{Org: worker.Org, Office: t.o.offices[p.Office], Owner: worker.User}}); err != nil {
							return fmt.Errorf("%s on %s: %w", p.Place, day.Format(time.DateOnly), err)
						}
					}
					return nil
				})
				return err
			})
		}
	}
	return jobs
}
