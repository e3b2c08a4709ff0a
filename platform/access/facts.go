package access

import (
	"database/sql"
	"fmt"
	"slices"

	"aman/platform/store"
)

// FactsFor loads what the decision about one row needs.
func (p *Policy) FactsFor(tx *store.Tx, s Subject, o Object) (Facts, error) {
	fs, err := p.FactsForAll(tx, s, []Object{o})
	if err != nil {
		return Facts{}, err
	}
	return fs[0], nil
}

// Require loads the facts and decides. When the answer is no, err is a *Refusal.
func (p *Policy) Require(tx *store.Tx, s Subject, a Action, o Object) (Decision, error) {
	f, err := p.FactsFor(tx, s, o)
	if err != nil {
		return Decision{}, err
	}
	d := p.Can(s, a, o, f)
	if !d.Allow {
		return d, &Refusal{Action: a, Object: o, Reason: d.Why}
	}
	return d, nil
}

// CanAll decides about a page of rows, with a few queries for all of them together.
func (p *Policy) CanAll(tx *store.Tx, s Subject, a Action, objects []Object) ([]Decision, error) {
	fs, err := p.FactsForAll(tx, s, objects)
	if err != nil {
		return nil, err
	}
	out := make([]Decision, len(objects))
	for i, o := range objects {
		out[i] = p.Can(s, a, o, fs[i])
	}
	return out, nil
}

// FactsForAll loads the facts of each object, in the same order, with a few queries for all of them.
func (p *Policy) FactsForAll(tx *store.Tx, s Subject, objects []Object) ([]Facts, error) {
	out := make([]Facts, len(objects))
	for _, kind := range []struct{ scope, key string }{{OfCase, "case_id"}, {OfPerson, "person_id"}} {
		at := map[string][]int{} // the case or person -> the objects inside it
		for i, o := range objects {
			if reg := p.registers[o.Register]; reg != nil && reg.Scope == kind.scope {
				if id, _ := reg.inside(o); id != "" {
					at[id] = append(at[id], i)
				}
			}
		}
		for ids := range slices.Chunk(sortedKeys(at), pageMost) {
			if err := loadTeam(tx, s, kind.key, ids, at, out); err != nil {
				return nil, fmt.Errorf("reading case teams: %w", err)
			}
			if err := loadShares(tx, s, kind.key, ids, at, out); err != nil {
				return nil, fmt.Errorf("reading shares: %w", err)
			}
		}
	}
	return out, nil
}

// pageMost bounds the ids of one query.
const pageMost = 512

// padded repeats the last id until the list has one of a few lengths, so that pages of
// any size share a few prepared statements.
func padded(ids []string) []string {
	for _, n := range []int{1, 8, 64, pageMost} {
		if len(ids) <= n {
			return append(slices.Clone(ids), slices.Repeat(ids[len(ids)-1:], n-len(ids))...)
		}
	}
	return ids
}

func loadTeam(tx *store.Tx, s Subject, key string, ids []string, at map[string][]int, out []Facts) error {
	in, now := among("t."+key, padded(ids)), store.Micros(s.At)
	return tx.Each(func(r *sql.Rows) error {
		var id, why string
		if err := r.Scan(&id, &why); err != nil {
			return err
		}
		for _, i := range at[id] {
			if why == WhyBreakGlass {
				out[i].Glass = true
			} else {
				out[i].Team = true
			}
		}
		return nil
	}, "SELECT DISTINCT t."+key+", t.why FROM case_team t WHERE t.user_id = ? AND t.since <= ? AND t.until > ? AND "+in.sql,
		append([]any{s.User, now, now}, in.args...)...)
}

func loadShares(tx *store.Tx, s Subject, key string, ids []string, at map[string][]int, out []Facts) error {
	in, now := among("sh."+key, padded(ids)), store.Micros(s.At)
	return tx.Each(func(r *sql.Rows) error {
		var id, group, office string
		if err := r.Scan(&id, &group, &office); err != nil {
			return err
		}
		if office != "" && !known(s.Offices, office) {
			return nil
		}
		for _, i := range at[id] {
			if !known(out[i].Groups, group) {
				out[i].Groups = append(out[i].Groups, group)
			}
		}
		return nil
	}, "SELECT DISTINCT sh."+key+", sh.grp, sh.office FROM shares sh WHERE sh.org = ? AND sh.ended_at = 0 AND sh.since <= ? AND sh.until > ? AND "+in.sql,
		append([]any{s.Org, now, now}, in.args...)...)
}
