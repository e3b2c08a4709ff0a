package xlsform

import (
	"sort"
	"strconv"
)

// Where entities go. Each group, repeat or form holds one; an entity wants to be
// as deep as the questions that it needs, but not deeper.

// entityRequest is where an entity would like to be.
type entityRequest struct {
	plan     *entityPlan
	scope    containerPath
	wanted   containerPath
	lineages []containerPath // of its save_to uses, distinct
}

// request finds the place for an entity: the deepest scope that any use needs,
// and in it the deepest group common to the questions that are saved.
func (c *compiler) request(p *entityPlan) (entityRequest, bool) {
	var scopeUse, deepest, save *entityUse
	var scope containerPath
	for i := range p.uses {
		u := &p.uses[i]
		s := u.path.scope()
		if scope == nil || s.repeats() > scope.repeats() {
			if scope == nil || s.key() != scope.key() {
				deepest = u
				if u.property != "" {
					save = u
				}
			}
			scope, scopeUse = s, u
		}
		same := s.key() == scope.key()
		if same && u.path.below() > deepest.path.below() {
			deepest = u
		}
		if u.property != "" && (save == nil || same && u.path.below() > save.path.below()) {
			save = u
		}
	}
	req := entityRequest{plan: p, scope: scope, wanted: deepest.path}
	seen := map[string]bool{}
	for _, u := range p.uses {
		if u.property != "" && !seen[u.path.key()] {
			seen[u.path.key()] = true
			req.lineages = append(req.lineages, u.path)
		}
	}
	if save != nil {
		req.wanted = commonPath(req.lineages)
		if s := save.path.scope(); len(req.lineages) > 1 && deeper(s, req.wanted) {
			req.wanted = s
		}
	}
	return req, c.checkScopes(p, req, scopeUse)
}

// deeper reports whether a is to be preferred to b: more repeats, then more groups.
// Of equal ones the first stands.
func deeper(a, b containerPath) bool {
	if a.repeats() != b.repeats() {
		return a.repeats() > b.repeats()
	}
	return a.below() >= b.below()
}

func commonPath(paths []containerPath) containerPath {
	common := paths[0]
	for _, p := range paths[1:] {
		n := 0
		for n < len(common) && n < len(p) && common[n] == p[n] {
			n++
		}
		common = common[:n]
	}
	return common
}

// checkScopes reports uses that lie in repeats which do not contain each other.
func (c *compiler) checkScopes(p *entityPlan, req entityRequest, scopeUse *entityUse) bool {
	for _, u := range p.uses {
		s := u.path.scope()
		if !req.scope.startsWith(s) {
			c.report("entity-scope", u.at, "list", p.List, "scope", u.path.String(), "other", scopeUse.path.String())
			return false
		}
		if u.property != "" && req.wanted.scope().key() != s.key() {
			c.report("entity-scope", u.at, "list", p.List, "scope", u.path.String(), "other", req.wanted.String())
			return false
		}
	}
	return true
}

// placeEntities puts a meta/entity element for each declaration into the tree,
// and gives the meta group of the form if that made one.
func (c *compiler) placeEntities() *Item {
	if len(c.form.Entities) == 0 {
		return nil
	}
	groups, ok := c.entityRequests()
	if !ok {
		return nil
	}
	places := map[string]*entityPlan{}
	nested := false
	if len(groups) == 1 && groups[0][0].scope.key() == rootPath.key() && len(groups[0]) == 1 {
		places[rootPath.key()] = groups[0][0].plan
	} else if places, nested, ok = c.allocate(groups); !ok {
		return nil
	}
	c.form.EntitiesVersion = "2024.1.0"
	if len(c.form.Entities) > 1 || nested {
		c.form.EntitiesVersion = "2025.1.0"
	}
	c.injectEntities(c.root, rootPath, places, false)
	for _, child := range c.root.Children {
		if child.bodyless {
			return child
		}
	}
	return nil
}

// entityRequests groups the requests by scope, in the order of first use;
// lists that nothing refers to belong to the form.
func (c *compiler) entityRequests() (groups [][]entityRequest, ok bool) {
	ok = true
	index := map[string]int{}
	put := func(r entityRequest) {
		k := r.scope.key()
		i, found := index[k]
		if !found {
			i = len(groups)
			index[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], r)
	}
	for _, list := range c.entityOrder {
		r, fine := c.request(c.entityByList[list])
		ok = ok && fine
		put(r)
	}
	for _, e := range c.form.Entities {
		if p := c.entityByList[e.List]; len(p.uses) == 0 {
			put(entityRequest{plan: p, scope: rootPath, wanted: rootPath})
		}
	}
	return groups, ok
}

// allocate gives each entity a group of its own: the one that it wants, or the
// nearest free one above it in its scope.
func (c *compiler) allocate(groups [][]entityRequest) (places map[string]*entityPlan, nested, ok bool) {
	places, ok = map[string]*entityPlan{}, true
	reserved := map[string]*entityPlan{}
	for _, requests := range groups {
		sort.SliceStable(requests, func(i, j int) bool { return requests[i].plan.Row < requests[j].plan.Row })
		for _, req := range requests {
			path, conflict := findPlace(req, places, reserved)
			if conflict != nil {
				c.report("entity-place", req.plan.at, "list", req.plan.List, "scope", req.scope.String(), "other", strconv.Itoa(conflict.Row))
				ok = false
				continue
			}
			places[path.key()], reserved[path.key()] = req.plan, req.plan
			for _, l := range req.lineages {
				for i := len(l); i >= len(path); i-- {
					reserved[l[:i].key()] = req.plan
				}
			}
			nested = nested || path.repeats() > 0
		}
	}
	return places, nested, ok
}

func findPlace(req entityRequest, places, reserved map[string]*entityPlan) (containerPath, *entityPlan) {
	var conflict *entityPlan
	for depth := len(req.wanted); depth >= len(req.scope); depth-- {
		path := req.wanted[:depth]
		conflict = places[path.key()]
		if conflict == nil {
			conflict = reserved[path.key()]
		}
		if conflict == nil {
			return path, nil
		}
		if len(req.lineages) > 0 {
			if other := reserved[req.lineages[0].key()]; other != nil {
				return nil, other
			}
		}
	}
	return nil, conflict
}

// injectEntities adds the planned meta/entity elements below the item.
func (c *compiler) injectEntities(it *Item, path containerPath, places map[string]*entityPlan, inRepeat bool) {
	if p := places[path.key()]; p != nil {
		delete(places, path.key())
		meta := metaGroup()
		meta.add(entityItem(p, inRepeat))
		it.add(meta)
	}
	for _, child := range it.Children {
		if child.isLoop || child.Kind != KindGroup && child.Kind != KindRepeat {
			continue
		}
		c.injectEntities(child, path.with(child.Name, child.Type), places, inRepeat || child.Kind == KindRepeat)
	}
}
