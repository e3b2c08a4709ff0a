package access

// columns says which column plays each part in a table; empty where a table has no such part.
type columns struct {
	org, office, owner, caseID, person, party string
	restricted, deleted                       string
	id                                        string
}

// ofRegister are the columns every register's own table has.
var ofRegister = columns{
	id: "r.id", org: "r.org", office: "r.office", owner: "r.owner", caseID: "r.case_id", person: "r.person_id", party: "r.party",
	restricted: "r.restricted", deleted: "r.deleted",
}

// builtin are the tables that are not registers but are asked about in the same way.
// Their filters work on these tables: users, orgs, audit, forms (and projects, the folders
// of forms), submissions, entities, device_tokens, releases.
//
// The table of submissions is two of them. What waits for a caseworker, and what she writes
// into cases, are submissions; what a survey brought is answers. No grant on one reaches
// the other: whoever keeps surveys sees no case.
var builtin = []Register{
	{Name: "users", Scope: OfOffice, columns: columns{id: "r.id", org: "r.org", owner: "r.id"}},
	{Name: "orgs", Scope: OfOffice, columns: columns{id: "r.id", org: "r.id"}},
	{Name: "audit", Scope: OfCase, columns: columns{id: "r.object", org: "r.org", owner: "r.actor", caseID: "r.case_id"}},
	{Name: "forms", Scope: OfPublic, columns: columns{id: "r.id", org: "r.org"}, ofOrg: true},
	{Name: "submissions", Scope: OfCase, columns: columns{id: "r.id", org: "r.org", office: "r.office", owner: "r.actor", caseID: "r.case_id", person: "r.person_id"}, rows: "r.kind <> 'survey'"},
	{Name: "answers", Scope: OfOffice, columns: columns{id: "r.id", org: "r.org", office: "r.office", owner: "r.actor"}, rows: "r.kind = 'survey'",
		Classes: map[string]Class{"answers": Sensitive, "names": Identity}},
	// Each entity list has properties of its own; the class of one says who may touch it.
	{Name: "entities", Scope: OfOffice, columns: columns{id: "r.id", org: "r.org", office: "r.office", owner: "r.owner", restricted: "r.restricted", deleted: "r.deleted"},
		Classes: map[string]Class{Open: Open, Sensitive: Sensitive, Identity: Identity, Health: Health}},
	{Name: "devices", Scope: OfOffice, columns: columns{id: "r.id", office: "r.office", owner: "r.user_id"}},
	{Name: "releases", Scope: OfOffice, columns: columns{id: "r.id", org: "r.org", owner: "r.actor"}},
}

// parts gives the columns of the register's table as SQL, with a constant for each part it lacks.
func (r *Register) parts() columns {
	c := r.columns
	if c == (columns{}) {
		return ofRegister
	}
	for _, text := range []*string{&c.org, &c.office, &c.owner, &c.caseID, &c.person, &c.party} {
		if *text == "" {
			*text = "''"
		}
	}
	for _, flag := range []*string{&c.restricted, &c.deleted} {
		if *flag == "" {
			*flag = "FALSE"
		}
	}
	return c
}
