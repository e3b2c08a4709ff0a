package central

import (
	"bytes"
	"slices"

	"aman/forms"
	"aman/forms/export"
	"aman/forms/xform"
	"aman/forms/xpath"
)

// change is a difference between two versions of a submission: an answer, or a whole round of
// a repeat (then Old and New are objects). Path names groups and questions; a round of a
// repeat is [name, place], from 0.
type change struct {
	Old  any   `json:"old,omitempty"`
	New  any   `json:"new,omitempty"`
	Path []any `json:"path"`
}

// diffs tells, for each version of a submission but the first, what it changed.
func (c *call) diffs(f forms.Form, version string) error {
	list, err := c.edits(f, version)
	if err != nil {
		return err
	}
	l, err := c.layout(f, version, true)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errNotFound
	}
	// Read as an export is, for what is hidden stays hidden here.
	docs := map[string]*xpath.Node{}
	filter := forms.Filter{Project: f.Project, Form: f.ID, Draft: version == forms.DraftVersion, Instances: []string{root(list[0].head)}, Replaced: true, Names: c.names()}
	err = c.h.Forms.EachSubmission(c.ctx(), c.sub, filter, "api-diffs", func(h forms.Head, body []byte) error {
		if body == nil || h.Encrypted {
			return nil
		}
		doc, err := xpath.ParseXML(bytes.NewReader(body), xpath.XMLLimits{Bytes: xform.MaxSize})
		if err == nil {
			docs[h.Instance] = doc.DocumentElement()
		}
		return err
	})
	if err != nil {
		return err
	}
	out := map[string][]change{}
	d := differ{layout: l, identity: c.names()}
	for i := 0; i+1 < len(list); i++ { // the newest first
		d.out = []change{}
		before, after := docs[list[i+1].InstanceID], docs[list[i].InstanceID]
		if before != nil && after != nil {
			d.compare(before, after, "/"+after.Name, nil)
		}
		out[list[i].InstanceID] = d.out
	}
	return c.json(out)
}

type differ struct {
	layout   *export.Layout
	identity bool
	out      []change
}

func (d *differ) hidden(path string) bool {
	f := d.layout.Field(path)
	return f != nil && f.Hidden() && !d.identity
}

// compare walks two versions of a group. Rounds of a repeat are compared by place.
func (d *differ) compare(before, after *xpath.Node, path string, at []any) {
	var names []string
	for _, n := range []*xpath.Node{before, after} {
		for _, k := range n.Elements("*") {
			if !slices.Contains(names, k.Name) {
				names = append(names, k.Name)
			}
		}
	}
	for _, name := range names {
		a, b := named(before, name), named(after, name)
		below := path + "/" + name
		repeat := d.layout.Table(below) != nil
		for i := range max(len(a), len(b)) {
			step := append(slices.Clone(at), any(name))
			if repeat {
				step[len(step)-1] = []any{name, i}
			}
			switch {
			case i >= len(a):
				d.add(change{New: d.tree(b[i], below), Path: step}, below)
			case i >= len(b):
				d.add(change{Old: d.tree(a[i], below), Path: step}, below)
			case len(a[i].Elements("*")) > 0 || len(b[i].Elements("*")) > 0:
				d.compare(a[i], b[i], below, step)
			case a[i].Text() != b[i].Text():
				d.add(change{Old: a[i].Text(), New: b[i].Text(), Path: step}, below)
			}
		}
	}
}

func (d *differ) add(c change, path string) {
	if !d.hidden(path) {
		d.out = append(d.out, c)
	}
}

// tree is a part of a submission as JSON: an answer, or an object of them.
func (d *differ) tree(n *xpath.Node, path string) any {
	kids := n.Elements("*")
	if len(kids) == 0 {
		return n.Text()
	}
	out := ordered{}
	for _, k := range kids {
		below := path + "/" + k.Name
		if d.hidden(below) {
			continue
		}
		if d.layout.Table(below) == nil {
			out.add(k.Name, d.tree(k, below))
			continue
		}
		if slices.ContainsFunc(out, func(m member) bool { return m.name == k.Name }) {
			continue
		}
		var rounds []any
		for _, r := range named(n, k.Name) {
			rounds = append(rounds, d.tree(r, below))
		}
		out.add(k.Name, rounds)
	}
	return out
}

func named(n *xpath.Node, name string) (out []*xpath.Node) {
	for _, k := range n.Elements("*") {
		if k.Name == name {
			out = append(out, k)
		}
	}
	return out
}
