package block

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"aman/forms/xpath"
)

// Block is what one entity element of a submission says.
type Block struct {
	Dataset        string
	ID             string // a UUID in small letters, without "uuid:"; "" when there is none or it is no UUID
	Create, Update bool
	// Base is the version that the sender had before him; Trunk the server's version that
	// his branch of offline changes began from, Branch that branch. 0 and "" when not said.
	Base, Trunk int64
	Branch      string
	Label       string
	HasLabel    bool
	// Values holds what is to be saved: an answer that was emptied is "", one that was not
	// asked (not relevant, so not sent) is not there.
	Values map[string]string
	// Fault is a code of what cannot be used: id or version; empty when nothing.
	Fault string
}

// Most is how many entities one submission may carry; what is beyond is not read and
// Read says so with ErrMany.
const Most = 2000

// ErrMany: a submission has more entities than Most.
var ErrMany = fmt.Errorf("the submission has more than %d entities", Most)

// Read gives the blocks of a submission in document order. Only entities that the form
// declares count, and only those that are to be created or updated. With ErrMany the
// first ones are given all the same.
func Read(body []byte, declared []Declaration) ([]Block, error) {
	if len(declared) == 0 {
		return nil, nil
	}
	doc, err := xpath.ParseXML(bytes.NewReader(body), xpath.XMLLimits{})
	if err != nil {
		return nil, err
	}
	root := doc.DocumentElement()
	if attr(root, "encrypted") == "yes" {
		return nil, nil // nobody here can read it, and nothing is made from what cannot be read
	}
	r := reader{of: map[string]*Declaration{}}
	for i := range declared {
		r.of[declared[i].Path] = &declared[i]
	}
	r.walk(root, "/"+root.QName())
	if r.more {
		return r.blocks, ErrMany
	}
	return r.blocks, nil
}

type reader struct {
	of     map[string]*Declaration
	blocks []Block
	more   bool
}

func (r *reader) walk(n *xpath.Node, path string) {
	if d := r.of[path]; d != nil {
		if e := find(n, "meta", "entity"); e != nil {
			r.block(d, n, e)
		}
	}
	for _, c := range n.Children() {
		if c.Kind == xpath.ElementNode && c.Name != "meta" {
			r.walk(c, path+"/"+c.QName())
		}
	}
}

func (r *reader) block(d *Declaration, container, e *xpath.Node) {
	b := Block{Dataset: d.Dataset, Create: yes(attr(e, "create")), Update: yes(attr(e, "update")), Values: map[string]string{}}
	if !b.Create && !b.Update {
		return
	}
	if len(r.blocks) == Most {
		r.more = true
		return
	}
	id, ok := UUID(attr(e, "id"))
	if b.ID = id; !ok {
		b.Fault = "id"
	}
	var err1, err2 error
	b.Base, err1 = version(attr(e, "baseVersion"))
	b.Trunk, err2 = version(attr(e, "trunkVersion"))
	if (err1 != nil || err2 != nil) && b.Fault == "" {
		b.Fault = "version"
	}
	// The branch is made by the phone, as a UUID; a name that is none would end up in clear.
	if branch, ok := UUID(attr(e, "branchId")); ok {
		b.Branch = branch
	}
	if l := find(e, "label"); l != nil {
		b.Label, b.HasLabel = strings.TrimSpace(l.Text()), true
	}
	for _, s := range d.Properties {
		if n := below(container, strings.TrimPrefix(s.Path, d.Path+"/")); n != nil {
			b.Values[s.Property] = n.Text()
		}
	}
	r.blocks = append(r.blocks, b)
}

// below finds a node by its path from the container.
func below(n *xpath.Node, path string) *xpath.Node {
	for _, step := range strings.Split(path, "/") {
		if i := strings.LastIndexByte(step, ':'); i >= 0 {
			step = step[i+1:]
		}
		if n = find(n, step); n == nil {
			return nil
		}
	}
	return n
}

// yes: only these two count (statement of the specification, section "create").
func yes(v string) bool { return v == "1" || v == "true" }

func version(v string) (int64, error) {
	if v = strings.TrimSpace(v); v == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err == nil && n < 1 {
		err = strconv.ErrRange
	}
	return n, err
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// UUID gives an id in its usual form; ok says whether it is one.
func UUID(s string) (id string, ok bool) {
	id = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "uuid:")
	if !uuid.MatchString(id) {
		return "", false
	}
	return id, true
}
