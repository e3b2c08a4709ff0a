package demo

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"aman/node"
	"aman/platform/ids"
	"aman/platform/store"
)

// htcds is the interview form of the core pack.
const htcds = "htcds_xlsform"

// waitingAt says in which offices interviews wait, and which of them are about somebody
// who came before. way is how the name is written: usual is as the office wrote it then,
// the others one way or two ways further on.
var waitingAt = []struct {
	office string
	known  int // the person they are about; -1: nobody who came before
	way    int
}{
	{"taftan", 3, usual}, {"taftan", 5, urdu}, {"taftan", 6, otherwise}, {"taftan", -1, usual}, {"taftan", -1, usual}, {"taftan", -1, urdu},
	{"taftan", -1, usual}, {"torkham", -1, usual}, {"torkham", -1, urdu}, {"karachi", -1, usual}, {"karachi", -1, otherwise}, {"taftan", -1, usual},
}

// interviews posts what enumerators filled in on their phones since yesterday.
func (t *teller) interviews(ctx context.Context, n *node.Node, clock *Clock, now time.Time) (int, error) {
	var version string
	err := n.Store.Read(ctx, func(tx *store.Tx) error {
		p, _, err := n.Forms.Definition(tx, htcds, "")
		version = p.Version
		return err
	})
	if err != nil {
		return 0, err
	}
	for i, w := range waitingAt {
		r := t.chance("interview", i)
		c := t.character(1<<20 + i)
		if w.known >= 0 {
			c = t.character(w.known)
		}
		c.seen = now.Add(-time.Duration(len(waitingAt)-i)*97*time.Minute - time.Duration(r.IntN(50))*time.Minute)
		worker, ok := t.o.who("enumerator", w.office)
		if !ok {
			return i, fmt.Errorf("the office %s has no enumerator", w.office)
		}
		body, err := t.form(&c, (c.way+w.way)%3, r, version)
		if err != nil {
			return i, err
		}
		clock.Set(c.seen)
		if _, err := n.Forms.Receive(ctx, at(worker, c.seen), body, nil); err != nil {
			return i, err
		}
	}
	return len(waitingAt), nil
}

var alpha2 = map[string]string{"PAK": "PK", "AFG": "AF", "BGD": "BD", "IDN": "ID", "IRN": "IR"}

// form fills in the interview about a person, as ODK Collect sends it.
func (t *teller) form(c *character, way int, r *rand.Rand, version string) ([]byte, error) {
	s := t.journey(c, r)
	name := c.id.written(way)
	answers := []struct{ node, text string }{
		{"start", c.seen.Add(-25 * time.Minute).Format(time.RFC3339)}, {"end", c.seen.Format(time.RFC3339)}, {"con_Consent", "TRUE"},
		{"prs_First_Name", name.first}, {"prs_Second_Name", name.second}, {"prs_Birthdate", c.id.born.Format(time.DateOnly)},
		{"prs_Gender", gender[c.sex]}, {"prs_Citizenship", alpha2[c.citizenship]},
		{"vic_MethodOfRecruitment", strings.Join(s.recruited, " ")}, {"vic_LocationOfRecruitment", t.label(s.legs[0].From, "en")},
		{"vic_Methods_of_Control", strings.Join(onForm(s.controls), " ")}, {"vic_TypeOfExploitation", strings.Join(s.types, " ")},
	}
	if c.age > 14 {
		answers = append(answers, struct{ node, text string }{"prs_MobilePhone", c.id.phone})
	}
	if s.exploited {
		answers = append(answers, struct{ node, text string }{"vic_LocationOfExploitation", t.label(c.profile.Exploited.Place, "en")})
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<data xmlns:orx="http://openrosa.org/xforms" id=%q version=%q>`, htcds, version)
	for _, a := range answers {
		if a.text == "" {
			continue
		}
		fmt.Fprintf(&b, "<%s>", a.node)
		if err := xml.EscapeText(&b, []byte(a.text)); err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "</%s>", a.node)
	}
	fmt.Fprintf(&b, "<orx:meta><orx:instanceID>uuid:%s</orx:instanceID></orx:meta></data>", ids.New())
	return b.Bytes(), nil
}

// onForm leaves out what the registers know and the form does not ask: HTCDS defines
// RestrictsMovement and has no such choice.
func onForm(controls []string) []string {
	return slices.DeleteFunc(slices.Clone(controls), func(c string) bool { return c == "RestrictsMovement" })
}
