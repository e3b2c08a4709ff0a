package registry

import (
	"fmt"
	"slices"
	"strings"

	"aman/platform/access"
)

// A subject reaches rows in several ways: those of her office, those of her own cases, those
// shared with her. Asked for all of them at once, an engine walks the whole register; asked
// way by way, it walks an index for each. So a list takes the first rows of each way and
// sorts these, and a count adds up the ways, each without what earlier ones have counted.
// Ids come first and whole rows after, so that indexes can answer and few rows are opened.

// named says whether a query names the rows or the cases it wants, which are few in any way.
func (s *Schema) named(q Query) bool {
	return slices.ContainsFunc(q.Where, func(c Cond) bool {
		p, ok := s.Property(c.Property)
		one := ok && slices.Contains(p.Index, "unique") || slices.Contains([]string{"id", "case_id", "person_id"}, c.Property)
		return one && (c.Op == "=" || c.Op == "in")
	})
}

// listing is the query of List.
func (r *Registry) listing(sub access.Subject, s *Schema, q Query) (string, []any, error) {
	key, keyArgs, dir, idDir, err := r.order(sub, s, q.Sort)
	if err != nil {
		return "", nil, err
	}
	rest, restArgs, err := r.conditions(sub, access.Read, s, q)
	if err != nil {
		return "", nil, err
	}
	order := " ORDER BY " + key + dir + ", r.id" + idDir
	// The limits are written out: PostgreSQL plans for a tenth of the table where it cannot see them.
	page := fmt.Sprintf(" LIMIT %d OFFSET %d", q.Limit+1, q.Offset)
	ways := r.policy.Ways(sub, access.Read, s.Name)
	if s.named(q) || len(ways) == 0 {
		filter, args := r.policy.Filter(sub, access.Read, s.Name)
		args = append(append(args, restArgs...), keyArgs...)
		return "SELECT " + s.columns() + " FROM " + s.Table() + " r WHERE " + filter + rest + order + page, args, nil
	}
	var parts []string
	var args []any
	for _, w := range ways {
		parts = append(parts, "SELECT id, k FROM (SELECT r.id AS id, "+key+" AS k FROM "+s.Table()+" r WHERE NOT r.deleted AND "+w.Where+rest+" ORDER BY k"+dir+", id"+idDir+fmt.Sprintf(" LIMIT %d) AS way", q.Offset+q.Limit+1))
		args = append(append(append(args, keyArgs...), w.Args...), restArgs...)
	}
	// UNION, not UNION ALL: a row that is reached in two ways is listed once.
	ids := "SELECT id FROM (" + strings.Join(parts, " UNION ") + ") AS ways ORDER BY k" + dir + ", id" + idDir + page
	args = append(args, keyArgs...)
	return "SELECT " + s.columns() + " FROM " + s.Table() + " r WHERE r.id IN (" + ids + ")" + order, args, nil
}

// counting is the query of Count.
func (r *Registry) counting(sub access.Subject, s *Schema, q Query) (string, []any, error) {
	rest, restArgs, err := r.conditions(sub, access.Read, s, q)
	if err != nil {
		return "", nil, err
	}
	ways := r.policy.Ways(sub, access.Read, s.Name)
	if s.named(q) || len(ways) == 0 {
		filter, args := r.policy.Filter(sub, access.Read, s.Name)
		return "SELECT count(*) FROM " + s.Table() + " r WHERE " + filter + rest, append(args, restArgs...), nil
	}
	var sums []string
	var args, beforeArgs []any
	before := ""
	for _, w := range ways {
		sums = append(sums, "(SELECT count(*) FROM "+s.Table()+" r WHERE NOT r.deleted AND "+w.Where+before+rest+")")
		args = append(append(append(args, w.Args...), beforeArgs...), restArgs...)
		before, beforeArgs = before+" AND NOT ("+w.Where+")", append(beforeArgs, w.Args...)
	}
	return "SELECT " + strings.Join(sums, " + "), args, nil
}
