package demo

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"aman/forms"
	"aman/forms/entities"
	"aman/forms/xform"
	"aman/node"
	"aman/platform/access"
	"aman/platform/store"
)

// The survey is an XLSForm of the pack (demo/survey.md). A field manager uploads and publishes it, as she
// would in the pages; enumerators fill it in at their points over the last month.
const (
	surveyFile = "demo/survey.md"
	surveyForm = "demo_flow_survey"
	surveyed   = 180 // answers
	misfit     = 60  // one in so many does not fit the form
)

var ageAnswer = regexp.MustCompile(`<age>[0-9]+</age>`)

// survey publishes the survey and sends the answers to it, in the order of time.
func (t *teller) survey(ctx context.Context, n *node.Node, clock *Clock, now time.Time) (int, error) {
	manager, ok := t.o.who("field_manager", "islamabad")
	if !ok {
		return 0, fmt.Errorf("nobody in Islamabad is a field manager")
	}
	began := now.AddDate(0, 0, -32)
	clock.Set(began)
	project, model, err := publish(ctx, n, at(manager, began))
	if err != nil {
		return 0, err
	}
	type interview struct {
		p    *tally
		by   access.Subject
		when time.Time
	}
	r := t.chance("survey", 0)
	var list []interview
	for i := range surveyed {
		p := &t.c.tallies[i%len(t.c.tallies)]
		if by, ok := t.o.who("enumerator", p.Office); ok {
			day := t.today.AddDate(0, 0, -1-r.IntN(30))
			list = append(list, interview{p, by, day.Add(time.Duration(8*60+r.IntN(8*60)) * time.Minute)})
		}
	}
	slices.SortFunc(list, func(a, b interview) int { return a.when.Compare(b.when) })
	for i, x := range list {
		body, err := t.answered(model, x.p, x.when, r)
		if err != nil {
			return i, err
		}
		if i%misfit == misfit-1 {
			// An app that does not check: the answer is kept, and a person sees why it does not fit.
			body = ageAnswer.ReplaceAll(body, []byte("<age>181</age>"))
		}
		clock.Set(x.when)
		if _, err := n.Forms.Receive(ctx, at(x.by, x.when), body, nil, forms.ReceiveOptions{DeviceName: "demo-phone", Agent: "demonstration"}); err != nil {
			return i, err
		}
	}
	clock.Set(now)
	return len(list), review(ctx, n, at(manager, now), project)
}

// review is a field manager's morning: what does not fit is asked about, some of the oldest are approved.
func review(ctx context.Context, n *node.Node, manager access.Subject, project int64) error {
	var heads []forms.Head
	err := n.Store.Read(ctx, func(tx *store.Tx) (err error) {
		heads, err = n.Forms.Submissions(tx, manager, forms.Filter{Project: project, Form: surveyForm})
		return err
	})
	if err != nil {
		return err
	}
	for i, h := range heads {
		state := ""
		switch {
		case h.State == forms.Quarantined:
			state = forms.HasIssues
			if _, err := n.Forms.AddComment(ctx, manager, project, surveyForm, h.Instance, "The age cannot be right. Asked the enumerator."); err != nil {
				return err
			}
		case i < 12:
			state = forms.Approved
		}
		if state == "" {
			continue
		}
		if err := n.Forms.SetReview(ctx, manager, project, surveyForm, h.Instance, state); err != nil {
			return err
		}
	}
	return nil
}

// publish makes a project with the points as a list for phones, uploads the survey and publishes it.
func publish(ctx context.Context, n *node.Node, manager access.Subject) (id int64, model *xform.Model, err error) {
	var body []byte
	for _, pack := range slices.Backward(n.Packs) {
		if body, err = fs.ReadFile(pack, surveyFile); err == nil {
			break
		}
	}
	if err != nil {
		return 0, nil, err
	}
	project, err := n.Forms.SaveProject(ctx, manager, forms.Project{Name: "Flow monitoring (demonstration)"})
	if err != nil {
		return 0, nil, err
	}
	if _, err := n.Entities.CreateDataset(ctx, manager, project.ID, "points", entities.Settings{}); err != nil {
		return 0, nil, err
	}
	if _, err := n.Forms.SaveDraft(ctx, manager, forms.Upload{Project: project.ID, FileName: "survey.md", Body: body}); err != nil {
		return 0, nil, err
	}
	if _, err := n.Forms.PublishDraft(ctx, manager, project.ID, surveyForm, ""); err != nil {
		return 0, nil, err
	}
	err = n.Store.Read(ctx, func(tx *store.Tx) error { model, err = n.Forms.Model(tx, surveyForm, ""); return err })
	return project.ID, model, err
}

// answered fills in the survey with an invented traveller at a point.
func (t *teller) answered(model *xform.Model, p *tally, when time.Time, r *rand.Rand) ([]byte, error) {
	line := p.Lines[r.IntN(len(p.Lines))]
	sex := "male"
	if r.Float64() < line.Female {
		sex = "female"
	}
	years := 18 + int(r.ExpFloat64()*13)
	if r.Float64() < line.Minors/2 {
		years = 9 + r.IntN(9)
	}
	nationality := line.Nationality
	direction := line.Direction
	f := model.Start(xform.Conditions{Now: when})
	root := "/" + f.Document().DocumentElement().Name
	set := func(path, value string) {
		if value != "" && f.Err == nil {
			f.Err = f.Set(root+path, value)
		}
	}
	set("/start", when.Add(-time.Duration(9+r.IntN(15))*time.Minute).Format(time.RFC3339))
	set("/today", when.Format(time.DateOnly))
	if r.IntN(12) == 0 {
		set("/agrees", "no")
	} else {
		set("/agrees", "yes")
		set("/who/sex", sex)
		set("/who/age", strconv.Itoa(min(years, 79)))
		set("/who/nationality", nationality)
		if years < 18 {
			set("/who/alone", one(r, "no", "no", "no", "no", "yes"))
		}
		set("/journey/direction", direction)
		set("/journey/destination", destination(r, nationality, direction))
		set("/journey/reasons", reasons(r, line.Facilitated))
		set("/journey/transport", one(r, "bus", "bus", "truck", "truck", "car", "foot", "motorbike"))
		set("/journey/paid", strconv.Itoa(500*(1+int(r.ExpFloat64()*24))))
		set("/journey/arranged", one(r, "self", "self", "family", "family", "agent", "agent", "employer"))
		if years >= 18 {
			for _, question := range []string{"unpaid", "forced", "marriage", "held"} {
				set("/harm/"+question, one(r, "no", "no", "no", "no", "no", "no", "no", "no", "no", "no", "yes", "silent", "unknown"))
			}
		}
		for range min(3, int(r.ExpFloat64())) {
			round, err := f.Add(root + "/companion")
			if err != nil {
				return nil, err
			}
			if f.Err == nil {
				f.Err = f.Set(round+"/relation", one(r, "spouse", "child", "child", "relative", "none"))
			}
			if f.Err == nil {
				f.Err = f.Set(round+"/companion_age", one(r, "0_17", "0_17", "18_59", "18_59", "60"))
			}
		}
	}
	if lat, lon, ok := t.where(p.Place); ok {
		// Within a few kilometres of the point, as telephones are.
		set("/place", fmt.Sprintf("%.4f %.4f 0 12", lat+r.NormFloat64()*0.02, lon+r.NormFloat64()*0.02))
	}
	set("/end", when.Format(time.RFC3339))
	return f.XML(), f.Err
}

func (t *teller) where(place string) (lat, lon float64, ok bool) {
	for _, p := range t.c.places {
		if p.Code == place && p.Lat != nil {
			return *p.Lat, *p.Lon, true
		}
	}
	return 0, 0, false
}

func one(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

func destination(r *rand.Rand, nationality, direction string) string {
	switch {
	case direction == "in":
		return "PAK"
	case nationality == "AFG":
		return "AFG"
	}
	return one(r, "IRN", "IRN", "TUR", "GRC", "ITA", "ARE", "OMN")
}

// reasons are one or two.
func reasons(r *rand.Rand, sentBack bool) string {
	if sentBack {
		return "return"
	}
	all := []string{"work", "family", "safety", "health", "study", "return"}
	first := one(r, "work", "work", "work", "family", "family", "safety", "health", "study", "return")
	if second := one(r, all...); second != first && r.IntN(2) == 0 {
		return strings.Join([]string{first, second}, " ")
	}
	return first
}
