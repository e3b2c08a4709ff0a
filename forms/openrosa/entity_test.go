package openrosa

import (
	"fmt"
	"strings"

	"aman/forms/entities"
	"aman/platform/store"
)

// fromPhoneToPhone: one phone makes an entity; another fetches it, changes it twice without a
// network and sends the second change first; the first phone changes what it had, too late.
func fromPhoneToPhone(p *phone) {
	const list, tree = "shared_trees", "33333333-3333-4333-8333-333333333333"
	p.publish(strings.Replace(entityForm("tree", "2024.1.0", list), `create="1" id=""`, `create="" update="" baseVersion="" trunkVersion="" branchId="" id=""`, 1), nil)
	p.draft(strings.ReplaceAll(strings.ReplaceAll(survey, surveyID, "visit"), "points", list), nil)
	p.must(p.Node.Forms.LinkDataset(bg, p.Now(p.Admin), 1, "visit", list+".csv", list))
	_, err := p.Node.Forms.PublishDraft(bg, p.Now(p.Admin), 1, "visit", "")
	p.must(err)
	var token string
	p.must(p.Node.Store.Write(bg, func(tx *store.Tx) (err error) {
		_, token, err = p.Node.SignIn.NewDevice(tx, p.Caseworker.User, p.Office, "The second phone")
		return err
	}))
	one, two := p.collect(), newCollect(p.t, p.base+"/v1/key/"+token+"/projects/1")
	send := func(c *collect, name, attributes, kind string) {
		p.t.Helper()
		_, err := c.submit(fmt.Sprintf(`<data id="tree" version="1"><a>%s</a><meta><instanceID>%s</instanceID><entity xmlns="http://www.opendatakit.org/xforms/entities" dataset="%s" id="%s" %s><label>%[1]s</label></entity></meta></data>`, kind, p.id(name), list, tree, attributes), 0)
		p.must(err)
	}
	row := func(c *collect) (hash, row string) {
		p.t.Helper()
		f := p.listFile(c, "visit")
		_, row, _ = strings.Cut(strings.TrimSpace(string(f.body)), "\n")
		return f.Hash, row
	}
	empty, got := row(two)
	p.check("rows before", got, "")
	send(one, "made", `create="1"`, "oak")
	made, got := row(two)
	p.check("the second phone carries it", got, tree+",oak,1,oak")
	if made == empty {
		p.t.Error("the hash is the same")
	}
	branch := `branchId="44444444-4444-4444-8444-444444444444" trunkVersion="1"`
	send(two, "offline2", `update="1" baseVersion="2" `+branch, "old oak") // the second change comes first, and waits
	_, got = row(one)
	p.check("what waits for the one before it", got, tree+",oak,1,oak")
	send(two, "offline1", `update="1" baseVersion="1" `+branch, "big oak")
	changed, got := row(one)
	p.check("both, in their order", got, tree+",old oak,3,old oak")
	if changed == made {
		p.t.Error("the hash is the same after a change")
	}
	send(one, "late", `update="1" baseVersion="1"`, "elm")
	_, got = row(two)
	p.check("the last one is applied", got, tree+",elm,4,elm")
	p.must(p.Node.Store.Read(bg, func(tx *store.Tx) error {
		e, err := p.h.Lists.Get(tx, p.Now(p.Supervisor), 1, list, tree)
		p.check("and a person is asked", e.Conflict, entities.Hard)
		return err
	}))
	send(one, "late", `update="1" baseVersion="1"`, "elm")
	_, got = row(two)
	p.check("sent again, it changes nothing", got, tree+",elm,4,elm")
}
