package central

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"aman/forms/central/odata"
)

// tableOptions are the options of an OData table.
type tableOptions struct {
	top, skip int   // top -1: all
	after     token // $skiptoken: the last row of the page before
	count     bool
	wkt       bool
	expand    bool
	oldest    bool // the oldest first
	search    string
	filter    *odata.Filter
	selected  map[string]bool // nil: everything
}

// shows says whether a member was selected.
func (o *tableOptions) shows(name string) bool { return o.selected == nil || o.selected[name] }

// tableOptions reads the options of a table whose rows can be filtered by these fields. An
// option that is there and empty is as if it were not: ruODK sends them all.
func (c *call) tableOptions(fields []string) (o tableOptions, err error) {
	q := c.r.URL.Query()
	o.top = -1
	for name, into := range map[string]*int{"$top": &o.top, "$skip": &o.skip} {
		v := q.Get(name)
		if v == "" {
			continue
		}
		if *into, err = strconv.Atoi(v); err != nil || *into < 0 {
			return o, unexpected(name, v, "it is not a number of rows.")
		}
	}
	o.count, o.wkt = c.flag("$count"), c.flag("$wkt")
	switch v := q.Get("$expand"); v {
	case "":
	case "*":
		o.expand = true
	default:
		return o, &problem{"501.6", `The given OData expand expression is not supported by this server: "` + v + `". Currently, only "$expand=*" is supported.`, details{"text": v}}
	}
	if v := q.Get("$filter"); v != "" {
		if o.filter, err = odata.ParseFilter(v, fields); err != nil {
			return o, err
		}
	}
	if v := q.Get("$orderby"); v != "" {
		if o.oldest, err = order(v); err != nil {
			return o, err
		}
	}
	o.search = strings.TrimSpace(q.Get("$search"))
	if v := q.Get("$select"); v != "" && v != "*" {
		if o.expand {
			return o, &problem{"501.11", "This server doesn't support $select query parameter with $expand.", nil}
		}
		o.selected = map[string]bool{}
		for _, name := range strings.Split(v, ",") {
			o.selected[strings.TrimSpace(name)] = true
		}
	}
	if v := q.Get("$skiptoken"); v != "" {
		if o.after, err = readToken(v); err != nil {
			return o, err
		}
	}
	return o, nil
}

// order reads $orderby. Rows are in the order in which they came, the newest first or the
// oldest; any other order would need all of them at once.
func order(v string) (oldest bool, err error) {
	name, direction, _ := strings.Cut(strings.TrimSpace(v), " ")
	if name == "__system/submissionDate" || name == "__system/createdAt" {
		switch strings.ToLower(strings.TrimSpace(direction)) {
		case "", "asc":
			return true, nil
		case "desc":
			return false, nil
		}
	}
	return false, &problem{"501.5", "The given OData order is not supported by this server; rows can be ordered by __system/submissionDate or __system/createdAt.", details{"text": v}}
}

// token names the last row of a page, as Central does: a submission, a round of a repeat (with
// the submission it is in), or an entity. New rows come before the first, so a script that
// turns pages meets no row twice and misses none.
type token struct {
	Repeat   string `json:"repeatId,omitempty"`
	Instance string `json:"instanceId,omitempty"`
	Entity   string `json:"uuid,omitempty"`
}

// row is the id of the row itself.
func (t token) row() string { return cmp.Or(t.Repeat, t.Instance, t.Entity) }

// String writes it: "01" and base64 of JSON.
func (t token) String() string {
	body, _ := json.Marshal(t) // texts cannot fail
	return "01" + base64.StdEncoding.EncodeToString(body)
}

func readToken(s string) (t token, err error) {
	body, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "01"))
	if err != nil || !strings.HasPrefix(s, "01") || json.Unmarshal(body, &t) != nil || t.row() == "" {
		return t, unexpected("$skiptoken", s, "it is none of this server's.")
	}
	return t, nil
}

// errFull ends a walk: the page has all its rows.
var errFull = errors.New("the page is full")

// table writes rows as an OData document: it passes over what the options pass over, stops
// when the page is full, and ends with the link to the next.
type table struct {
	w     io.Writer
	c     *call
	o     tableOptions
	name  string
	total int // of all rows; with countAll it is found on the way
	// countAll goes on behind a full page, to count.
	countAll bool

	past   bool // the row of the skip token was met
	seen   int
	shown  int
	last   token
	more   bool
	opened bool
}

func newTable(w io.Writer, c *call, o tableOptions, name string, total int) *table {
	return &table{w: w, c: c, o: o, name: name, total: total, past: o.after.row() == ""}
}

// row writes the next row, made by body when it is shown.
func (t *table) row(at token, body func() []byte) error {
	if t.countAll {
		t.total++
	}
	if !t.past {
		t.past = at.row() == t.o.after.row()
		return nil
	}
	t.seen++
	if t.seen <= t.o.skip {
		return nil
	}
	if t.o.top >= 0 && t.shown >= t.o.top {
		t.more = true
		if t.countAll {
			return nil
		}
		return errFull
	}
	t.shown, t.last = t.shown+1, at
	before := `,`
	if !t.opened {
		t.opened, before = true, `{"value":[`
	}
	_, err := t.w.Write(append([]byte(before), body()...))
	return err
}

func (t *table) end() error {
	out := "]"
	if !t.opened {
		out = `{"value":[]`
	}
	member := func(name string, v any) {
		body, err := json.Marshal(v)
		if err == nil {
			out += `,"` + name + `":` + string(body)
		}
	}
	member("@odata.context", t.c.base()+t.c.service()+"/$metadata#"+t.name)
	if t.more && t.shown > 0 {
		member("@odata.nextLink", t.c.next(t.last))
	}
	if t.o.count {
		member("@odata.count", t.total)
	}
	_, err := io.WriteString(t.w, out+"}")
	return err
}

// next is the address of the page after this row.
func (c *call) next(last token) string {
	var kept []string
	for _, pair := range strings.Split(c.r.URL.RawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil && plain != "$skip" && plain != "$skiptoken" && pair != "" {
			kept = append(kept, pair)
		}
	}
	return c.base() + c.r.URL.EscapedPath() + "?" + strings.Join(append(kept, "%24skiptoken="+url.QueryEscape(last.String())), "&")
}

// service is the address of the OData service, up to .svc.
func (c *call) service() string {
	path := c.r.URL.EscapedPath()
	if i := strings.Index(path, ".svc"); i >= 0 {
		return path[:i+4]
	}
	return path
}

// odataHeaders say that the answer is OData of version 4.
func (c *call) odataHeaders() {
	c.w.Header().Set("OData-Version", "4.0")
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
}

// unchanged answers 304 when the script has this content already.
func (c *call) unchanged(hash string) bool {
	tag := `"` + hash + `"`
	c.w.Header().Set("ETag", tag)
	for _, have := range strings.Split(c.r.Header.Get("If-None-Match"), ",") {
		// ruODK sends the tag without its quotes.
		if have = strings.TrimPrefix(strings.TrimSpace(have), "W/"); have == tag || have == hash {
			c.w.WriteHeader(http.StatusNotModified)
			c.wrote = true
			return true
		}
	}
	return false
}
