package screening

import (
	"fmt"
	"time"
)

// Date is a day as yyyy-mm-dd; "" is no date. Dates in this form sort as text.
type Date string

const isoDay = "2006-01-02"

// Period is when the conduct took place: From and To are days and both belong
// to it. A person who remembers only the month gives its first and last day.
// The zero Period means that the date was not recorded.
type Period struct {
	From Date `json:"from,omitempty"`
	To   Date `json:"to,omitempty"`
}

// ParsePeriod reads yyyy, yyyy-mm, yyyy-mm-dd, or two of these with a slash
// between them; "" gives the zero Period.
func ParsePeriod(s string) (Period, error) {
	if s == "" {
		return Period{}, nil
	}
	for i := range s {
		if s[i] == '/' {
			from, err := ParsePeriod(s[:i])
			if err != nil {
				return Period{}, err
			}
			to, err := ParsePeriod(s[i+1:])
			if err != nil {
				return Period{}, err
			}
			if from.From == "" || to.To == "" || from.From > to.To {
				return Period{}, fmt.Errorf("%q: the period ends before it begins", s)
			}
			return Period{from.From, to.To}, nil
		}
	}
	forms := []struct {
		layout       string
		years, month int
	}{{isoDay, 0, 0}, {"2006-01", 0, 1}, {"2006", 1, 0}}
	for _, f := range forms {
		if t, err := time.Parse(f.layout, s); err == nil {
			end := t
			if f.years+f.month > 0 {
				end = t.AddDate(f.years, f.month, -1)
			}
			return Period{Date(t.Format(isoDay)), Date(end.Format(isoDay))}, nil
		}
	}
	return Period{}, fmt.Errorf("%q is not a date; write 2025-03-14, 2025-03, 2025, or 2024-11/2025-03", s)
}

// UnmarshalText reads what ParsePeriod reads.
func (p *Period) UnmarshalText(b []byte) error {
	got, err := ParsePeriod(string(b))
	if err != nil {
		return err
	}
	*p = got
	return nil
}

// UnmarshalJSON reads a text, or the from and to that Period is written as.
func (p *Period) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		var ends struct{ From, To string }
		if err := decode(b, &ends); err != nil {
			return err
		}
		if ends.From == "" && ends.To == "" {
			return nil
		}
		return p.UnmarshalText([]byte(ends.From + "/" + ends.To))
	}
	if len(b) >= 2 && b[0] == '"' {
		return p.UnmarshalText(b[1 : len(b)-1])
	}
	return p.UnmarshalText(b) // a year may come as a number
}

// Commencement is the day an act came into force. Date is "" until it has been
// read in the gazette; then Earliest and Latest bound it, and conduct between
// them is shown under both texts of the law.
type Commencement struct {
	Key      string `json:"key"`
	Label    Text   `json:"label"`
	Date     Date   `json:"date"`
	Earliest Date   `json:"earliest"`
	Latest   Date   `json:"latest"`
	Verified bool   `json:"verified"`
	Source   string `json:"source"`
	Note     Text   `json:"note"`
}

func (l *Library) addCommencements(data []byte) error {
	var file struct {
		Commencements []Commencement `json:"commencements"`
	}
	if err := decode(data, &file); err != nil {
		return err
	}
	for _, c := range file.Commencements {
		if err := c.complete(); err != nil {
			return err
		}
		l.Commencements[c.Key] = c
	}
	return nil
}

// complete checks a commencement and fills the bounds from a known date.
func (c *Commencement) complete() error {
	if err := c.Label.check("commencement " + c.Key); err != nil {
		return err
	}
	if err := c.Note.checkOptional("the note of commencement " + c.Key); err != nil {
		return err
	}
	if c.Date != "" {
		c.Earliest, c.Latest = c.Date, c.Date
	}
	for _, d := range []Date{c.Earliest, c.Latest} {
		if _, err := time.Parse(isoDay, string(d)); err != nil {
			return fmt.Errorf("commencement %s: give date, or earliest and latest, as yyyy-mm-dd", c.Key)
		}
	}
	if c.Earliest > c.Latest {
		return fmt.Errorf("commencement %s: earliest is after latest", c.Key)
	}
	return nil
}

// Effect is the time in which a standard applies to conduct: from one
// commencement, that day included, to another, that day excluded. An end left
// empty is open.
type Effect struct {
	From string `json:"from"` // key of a commencement
	To   string `json:"to"`

	from, to *Commencement
}

func (e *Effect) resolve(dates map[string]Commencement) error {
	for _, end := range []struct {
		key string
		at  **Commencement
	}{{e.From, &e.from}, {e.To, &e.to}} {
		if end.key == "" {
			continue
		}
		c, ok := dates[end.key]
		if !ok {
			return fmt.Errorf("effective names %q, which standards/dates.yaml does not declare", end.key)
		}
		*end.at = &c
	}
	return nil
}

// InForce tells whether the standard covers the conduct: Yes for all of it, No
// for none of it, Unknown for a part or when the commencement is not known
// closely enough, NotAsked when it depends on a date that was not recorded.
func (e *Effect) InForce(conduct Period) Value {
	if e.from == nil && e.to == nil {
		return Yes
	}
	if conduct.From == "" || conduct.To == "" {
		return NotAsked
	}
	certain, possible := true, true
	if e.from != nil {
		certain = certain && conduct.From >= e.from.Latest
		possible = possible && conduct.To >= e.from.Earliest
	}
	if e.to != nil {
		certain = certain && conduct.To < e.to.Earliest
		possible = possible && conduct.From < e.to.Latest
	}
	return between(certain, possible, false)
}
