// Package access decides who may do what. It is the only place that does.
//
//	policy, err := access.New(roles)                        // from access.ReadRoles of a pack
//	err = policy.Declare(register)                          // package registry does, for each
//	d, err := policy.Require(tx, subject, access.Read, obj) // one row; a refusal is a *Refusal
//	where, args := policy.Filter(subject, access.Read, "cases")
//	tx.Each(f, "SELECT … FROM r_cases r WHERE "+where, args...) // the same rule for a list
//	ds, err := policy.CanAll(tx, subject, access.Read, objs)  // what may be shown of each row
//
// A subject (who asks) has roles. A role has grants: these actions, on these
// registers, within this scope, for properties of these privacy classes. What no
// grant gives is refused. Roles are unions: one more role never takes away.
//
// Scopes, for a row r and a subject s:
//
//	own      s is in the active team of r's case (of one of r's person's cases, for
//	         registers of persons), or owns r where r stands for itself. Inside a case
//	         it is the case that counts: whoever leaves the team no longer sees the rows
//	         she wrote there. So whoever opens a case must JoinTeam its owner. Broken
//	         glass is a team row with an end, for reading, unsealing and writing only.
//	office   r belongs to an office of s, and is not restricted
//	org      r belongs to the organisation of s, and is not restricted
//	party    r is addressed to the organisation of s (a referral); only the properties
//	         the register names for a receiver in r's state
//	shared   an active share of r's case with the organisation of s reveals properties of
//	         this register; only those of the shared groups
//	public   reference data; a form of an organisation's own project is public in it alone
//	all      everything
//
// A restricted row is hidden from office and org, unless the same role also grants
// see_restricted there. A deleted row is hidden from everybody. Some actions need a
// second person (review, erase, approve_release): never on what one owns oneself. A
// device token may submit and read; it is never given identity or health values.
//
// Decision.Readable says which properties the action may touch: those to show for read,
// to unseal for unseal, to write for update. A row reached in several ways gets the union.
//
// Rows are read with these columns of every register's table, aliased r: id, org,
// office, owner, case_id, person_id, party, state (TEXT, empty when there is none),
// restricted, deleted (BOOLEAN). For the register of cases case_id = id, for the one
// of people person_id = id.
//
// Nobody writes a new row into a case she is no part of: to create a row inside a case
// (or about a person) only own and shared count; office, org and all create rows that
// stand for themselves, such as a case.
//
// The tables orgs, offices, users, user_offices, user_roles, case_team and shares are
// written here too, by small functions on a store.Tx. They check the sense of what they
// write, not who asks: that is Require with manage_users, assign, share and so on. The
// callers write the audit entries, of refusals as well.
package access
