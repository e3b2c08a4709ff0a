package access

import (
	"strings"

	"aman/platform/store"
)

// rule is one scope, twice: as a test of one row, and as SQL over a table aliased r.
// They stand side by side because they must say the same; a property test checks it.
type rule struct {
	reaches func(k ask, o Object, f Facts) bool
	where   func(k ask) clause
	hides   bool // restricted rows are hidden unless the role sees them
	outside bool // reaches a case without being part of it, so it never creates inside one
}

// ask is a question of one subject to one way.
type ask struct {
	*way
	s   Subject
	a   Action
	reg *Register
}

// clause is a piece of SQL with its arguments.
type clause struct {
	sql  string
	args []any
}

var never = clause{sql: "1 = 0"}

// rules holds each scope; the package comment says them in words.
var rules = map[Scope]rule{
	Own: {
		reaches: func(k ask, o Object, f Facts) bool {
			inside, _ := k.reg.inside(o)
			team := f.Team || f.Glass && known(throughGlass, k.a)
			return team && inside != "" || o.Owner == k.s.User && (inside == "" || inside == o.ID)
		},
		where: func(k ask) clause {
			c := k.reg.parts()
			about, key := k.reg.about(c)
			if key == "" {
				return clause{c.owner + " = ?", []any{k.s.User}}
			}
			now := store.Micros(k.s.At)
			glass := ""
			if !known(throughGlass, k.a) {
				glass = " AND t.why <> '" + WhyBreakGlass + "'"
			}
			return clause{
				"(" + about + " IN (SELECT t." + key + " FROM case_team t WHERE t.user_id = ? AND t." + key + " <> '' AND t.since <= ? AND t.until > ?" + glass + ")" +
					" OR (" + c.owner + " = ? AND (" + about + " = '' OR " + about + " = " + c.id + ")))",
				[]any{k.s.User, now, now, k.s.User},
			}
		},
	},
	Office: {
		reaches: func(k ask, o Object, f Facts) bool {
			return o.Office != "" && known(k.s.Offices, o.Office)
		},
		where:   func(k ask) clause { return among(k.reg.parts().office, k.s.Offices) },
		hides:   true,
		outside: true,
	},
	Org: {
		reaches: func(k ask, o Object, f Facts) bool { return o.Org == k.s.Org },
		where: func(k ask) clause {
			return clause{k.reg.parts().org + " = ?", []any{k.s.Org}}
		},
		hides:   true,
		outside: true,
	},
	Party: {
		reaches: func(k ask, o Object, f Facts) bool { return o.Party == k.s.Org },
		where: func(k ask) clause {
			return clause{k.reg.parts().party + " = ?", []any{k.s.Org}}
		},
	},
	Shared: {
		reaches: func(k ask, o Object, f Facts) bool {
			inside, shareable := k.reg.inside(o)
			if !shareable || inside == "" {
				return false
			}
			for _, g := range f.Groups {
				if _, ok := k.groups[g]; ok {
					return true
				}
			}
			return false
		},
		where: func(k ask) clause {
			about, key := k.reg.about(k.reg.parts())
			groups := among("sh.grp", sortedKeys(k.groups))
			if key == "" || len(k.groups) == 0 {
				return never
			}
			here := clause{sql: "sh.office = ''"}
			if len(k.s.Offices) > 0 {
				here = either(here, among("sh.office", k.s.Offices))
			}
			now := store.Micros(k.s.At)
			return clause{
				about + " IN (SELECT sh." + key + " FROM shares sh WHERE sh.org = ? AND sh." + key + " <> '' AND sh.ended_at = 0 AND sh.since <= ? AND sh.until > ? AND " +
					groups.sql + " AND " + here.sql + ")",
				append(append([]any{k.s.Org, now, now}, groups.args...), here.args...),
			}
		},
	},
	Public: {
		reaches: func(k ask, o Object, f Facts) bool {
			return k.reg.Scope == OfPublic && (!k.reg.ofOrg || o.Org == "" || o.Org == k.s.Org)
		},
		where: func(k ask) clause {
			switch org := k.reg.parts().org; {
			case k.reg.Scope != OfPublic:
				return never
			case k.reg.ofOrg:
				return clause{"(" + org + " = '' OR " + org + " = ?)", []any{k.s.Org}}
			}
			return clause{sql: "1 = 1"}
		},
	},
	All: {
		reaches: func(k ask, o Object, f Facts) bool { return true },
		where:   func(k ask) clause { return clause{sql: "1 = 1"} },
		outside: true,
	},
}

// inside gives the case (or person) the row is about, and whether the register has such a thing.
func (r *Register) inside(o Object) (id string, ok bool) {
	switch r.Scope {
	case OfCase:
		return o.Case, true
	case OfPerson:
		return o.Person, true
	}
	return "", false
}

// within says whether the row is part of a case (or person) rather than that itself.
func (r *Register) within(o Object) bool {
	id, _ := r.inside(o)
	return id != "" && id != o.ID
}

// about is inside in SQL: the column of the row, and the one of case_team and shares it
// is compared with; key is empty where the register has no such thing.
func (r *Register) about(c columns) (column, key string) {
	switch r.Scope {
	case OfCase:
		return c.caseID, "case_id"
	case OfPerson:
		return c.person, "person_id"
	}
	return "", ""
}

// among is "column IN (ids)", never matching the empty id.
func among(column string, ids []string) clause {
	c := clause{}
	for _, id := range ids {
		if id != "" {
			c.args = append(c.args, id)
		}
	}
	if len(c.args) == 0 {
		return never
	}
	c.sql = column + " IN (?" + strings.Repeat(", ?", len(c.args)-1) + ")"
	return c
}

func either(cs ...clause) clause {
	var sqls []string
	var args []any
	for _, c := range cs {
		sqls = append(sqls, c.sql)
		args = append(args, c.args...)
	}
	return clause{"(" + strings.Join(sqls, " OR ") + ")", args}
}
