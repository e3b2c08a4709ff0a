package demo

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"

	"github.com/goccy/go-yaml"

	"aman/registry"
)

// Place is an entry of a pack's places.yaml; the file says what each field means.
type Place struct {
	Code        string   `yaml:"code"`
	Country     string   `yaml:"country"` // ISO 3166-1 alpha-3
	Kind        string   `yaml:"kind"`    // list point_kind
	Lat         *float64 `yaml:"lat"`     // degrees north; nil when withheld or not known
	Lon         *float64 `yaml:"lon"`     // degrees east
	PrecisionKM float64  `yaml:"precision_km"`
	PCode       string   `yaml:"pcode"`
	Publishable bool     `yaml:"publishable"`
	Source      string   `yaml:"source"` // a letter of sources
}

// Route is an entry of a pack's routes.yaml.
type Route struct {
	ID    string        `yaml:"id"`
	Title registry.Text `yaml:"title"`
	Legs  []Leg         `yaml:"legs"`
}

// Leg goes from a place (or only a country) to the next.
type Leg struct {
	From        string `yaml:"from"`
	FromCountry string `yaml:"from_country"`
	To          string `yaml:"to"`
	ToCountry   string `yaml:"to_country"`
	Mode        string `yaml:"mode"`
	Source      string `yaml:"source"`
	Confidence  string `yaml:"confidence"`
	Publishable bool   `yaml:"publishable"`
}

// Places reads places.yaml of the last pack that has one.
func Places(packs ...fs.FS) ([]Place, error) {
	var file struct {
		Sources map[string]string `yaml:"sources"`
		Places  []Place           `yaml:"places"`
	}
	if err := read(packs, "places.yaml", &file); err != nil {
		return nil, err
	}
	for _, p := range file.Places {
		switch {
		case file.Sources[p.Source] == "":
			return nil, fmt.Errorf("places.yaml: %s names no source", p.Code)
		case (p.Lat == nil) != (p.Lon == nil):
			return nil, fmt.Errorf("places.yaml: %s has half a position", p.Code)
		case !p.Publishable && p.Lat != nil:
			return nil, fmt.Errorf("places.yaml: %s may not be published, so its position may not be in the file", p.Code)
		}
	}
	return file.Places, nil
}

// Routes reads routes.yaml of the last pack that has one.
func Routes(packs ...fs.FS) ([]Route, error) {
	var file struct {
		Routes []Route `yaml:"routes"`
	}
	err := read(packs, "routes.yaml", &file)
	return file.Routes, err
}

func read(packs []fs.FS, name string, into any) error {
	for _, pack := range slices.Backward(packs) {
		body, err := fs.ReadFile(pack, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = yaml.UnmarshalWithOptions(body, into, yaml.Strict())
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
	return fmt.Errorf("no pack has a %s", name)
}

// weights is a choice among names, some likelier than others.
type weights struct {
	names []string
	sums  []float64
}

func (w *weights) UnmarshalYAML(unmarshal func(any) error) error {
	var m map[string]float64
	if err := unmarshal(&m); err != nil {
		return err
	}
	for name := range m {
		w.names = append(w.names, name)
	}
	slices.Sort(w.names) // a map has no order, and the same seed must give the same choice
	sum := 0.0
	for _, name := range w.names {
		sum += m[name]
		w.sums = append(w.sums, sum)
	}
	return nil
}

// pick chooses one; "" when there is nothing to choose.
func (w *weights) pick(r *rand.Rand) string {
	if len(w.names) == 0 {
		return ""
	}
	return w.names[index(r, w.sums)]
}

func index(r *rand.Rand, sums []float64) int {
	x := r.Float64() * sums[len(sums)-1]
	return min(slices.IndexFunc(append(slices.Clone(sums), x+1), func(s float64) bool { return s > x }), len(sums)-1)
}

// some chooses about n different ones, sorted.
func (w *weights) some(r *rand.Rand, n int) []string {
	var out []string
	for range n {
		if x := w.pick(r); x != "" && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	slices.Sort(out)
	return out
}

// profile is a kind of journey; profiles.yaml says what each field means.
type profile struct {
	ID          string             `yaml:"id"`
	Weight      float64            `yaml:"weight"`
	Citizenship weights            `yaml:"citizenship"`
	Sex         weights            `yaml:"sex"`
	Age         weights            `yaml:"age"`
	Origins     weights            `yaml:"origins"`
	Offices     weights            `yaml:"offices"`
	Routes      []wayTo            `yaml:"routes"`
	Exploited   exploited          `yaml:"exploitation"`
	Controls    weights            `yaml:"controls"`
	Recruited   weights            `yaml:"recruited"`
	Fee         [2]float64         `yaml:"fee"`
	Season      [12]float64        `yaml:"season"`
	Transit     map[string]float64 `yaml:"transit"`
	Abuse       map[string]float64 `yaml:"abuse"`
}

type wayTo struct {
	Route  string  `yaml:"route"`
	Until  string  `yaml:"until"`
	Weight float64 `yaml:"weight"`
}

type exploited struct {
	Place    string  `yaml:"place"`
	Country  string  `yaml:"country"`
	Types    weights `yaml:"types"`
	Industry weights `yaml:"industry"`
	Sexual   bool    `yaml:"sexual"`
	Often    float64 `yaml:"often"`
}

// spelling is a part of a name in both scripts.
type spelling struct {
	Latin string   `yaml:"latin"`
	Urdu  string   `yaml:"urdu"`
	Also  []string `yaml:"also"`
}

type nameParts struct {
	Beginnings []spelling            `yaml:"beginnings"`
	Endings    map[string][]spelling `yaml:"endings"`
	Houses     []spelling            `yaml:"houses"`
	Markers    []spelling            `yaml:"markers"`
}

type organisation struct {
	Code    string   `yaml:"code"`
	Name    string   `yaml:"name"`
	Kind    string   `yaml:"kind"`
	Gives   []string `yaml:"gives"` // services it takes referrals for
	Offices []struct {
		Code  string `yaml:"code"`
		Name  string `yaml:"name"`
		Place string `yaml:"place"`
	} `yaml:"offices"`
}

type staff struct {
	Login    string   `yaml:"login"`
	Name     string   `yaml:"name"`
	Role     string   `yaml:"role"`
	Org      string   `yaml:"org"`
	Offices  []string `yaml:"offices"`
	Language string   `yaml:"language"`
	Rank     int      `yaml:"rank"`
}

type tally struct {
	Place  string     `yaml:"place"`
	Office string     `yaml:"office"`
	Hours  [2]float64 `yaml:"hours"`
	Week   [7]float64 `yaml:"week"`
	Lines  []struct {
		Direction   string  `yaml:"direction"`
		Nationality string  `yaml:"nationality"`
		Persons     float64 `yaml:"persons"`
		Female      float64 `yaml:"female"`
		Minors      float64 `yaml:"minors"`
		Facilitated bool    `yaml:"facilitated"`
		Reasons     weights `yaml:"reasons"`
	} `yaml:"lines"`
}

// content is what the pack says about the demonstration.
type content struct {
	places   []Place
	place    map[string]*Place
	routes   map[string]*Route
	orgs     []organisation
	staff    []staff
	names    nameParts
	profiles []profile
	stories  map[string]map[string][]string // kind, language
	tallies  []tally
	list     *registry.List // the places' labels
}

func load(c *registry.Catalog, packs []fs.FS) (*content, error) {
	out := &content{place: map[string]*Place{}, routes: map[string]*Route{}, list: c.Lists["place"]}
	var err error
	if out.places, err = Places(packs...); err != nil {
		return nil, err
	}
	for i := range out.places {
		out.place[out.places[i].Code] = &out.places[i]
	}
	routes, err := Routes(packs...)
	if err != nil {
		return nil, err
	}
	for i := range routes {
		out.routes[routes[i].ID] = &routes[i]
	}
	var offices struct {
		Organisations []organisation `yaml:"organisations"`
		Staff         []staff        `yaml:"staff"`
	}
	var profiles struct {
		Profiles []profile `yaml:"profiles"`
	}
	var flows struct {
		Points []tally `yaml:"points"`
	}
	for _, f := range []struct {
		name string
		into any
	}{{"offices", &offices}, {"profiles", &profiles}, {"flows", &flows}, {"names", &out.names}, {"stories", &out.stories}} {
		if err := read(packs, "demo/"+f.name+".yaml", f.into); err != nil {
			return nil, err
		}
	}
	out.orgs, out.staff, out.profiles, out.tallies = offices.Organisations, offices.Staff, profiles.Profiles, flows.Points
	for _, p := range out.profiles {
		for _, w := range p.Routes {
			if out.routes[w.Route] == nil {
				return nil, fmt.Errorf("profiles.yaml: %s names the route %q, which is not there", p.ID, w.Route)
			}
		}
	}
	return out, nil
}
