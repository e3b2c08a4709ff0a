package central

import (
	"slices"

	"aman/forms/central/odata"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
)

// auditEntry is an entry of the audit log as Central shows one. Actions have this node's
// names; details are the codes and ids that the log holds, never an identity value.
type auditEntry struct {
	ActorID  *int64            `json:"actorId"`
	Action   string            `json:"action"`
	ActeeID  *string           `json:"acteeId"`
	Details  map[string]string `json:"details"`
	LoggedAt moment            `json:"loggedAt"`
	Notes    *string           `json:"notes"`
	Actor    *actor            `json:"actor,omitempty"`
}

// auditsMost bounds one page of the log.
const auditsMost = 10_000

// audits lists the log, newest first: GET /audits?action=&start=&end=&limit=&offset=.
func (c *call) audits() error {
	if err := c.may(access.ReadAudit, "audit"); err != nil {
		return err
	}
	q := c.r.URL.Query()
	where, args := c.h.Policy.Filter(c.sub, access.ReadAudit, "audit")
	args = slices.Clone(args)
	if v := q.Get("action"); v != "" {
		where, args = where+" AND r.action = ?", append(args, v)
	}
	for name, sign := range map[string]string{"start": ">=", "end": "<="} {
		v := q.Get(name)
		if v == "" {
			continue
		}
		t, ok := odata.ParseTime(v)
		if !ok {
			return unexpected(name, v, "it is not a time.")
		}
		where, args = where+" AND r.at "+sign+" ?", append(args, store.Micros(t))
	}
	limit, offset, err := c.page()
	if err != nil {
		return err
	}
	if limit < 0 {
		limit = auditsMost
	}
	limit, offset = min(limit, auditsMost), min(offset, 1_000_000)
	var list []audit.Entry
	if err := c.read(func(tx *store.Tx) (err error) { list, err = audit.Where(tx, where, args, offset+limit); return err }); err != nil {
		return err
	}
	list = list[min(offset, len(list)):]
	var who []string
	for _, e := range list {
		who = append(who, e.Actor)
	}
	actors, err := c.actors(who...)
	if err != nil {
		return err
	}
	out := make([]auditEntry, len(list))
	for i, e := range list {
		out[i] = auditEntry{Action: e.Action, Details: e.Detail, LoggedAt: moment(e.At)}
		if e.Object != "" {
			out[i].ActeeID = &e.Object
		}
		if a := actors[e.Actor]; a != nil {
			out[i].ActorID = &a.ID
			if c.extended() {
				out[i].Actor = a
			}
		}
	}
	return c.json(out)
}
