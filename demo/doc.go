// Package demo fills a node with the demonstration programme: a working office of
// invented people, so that somebody can try Aman without a single real case.
//
//	clock := demo.NewClock()
//	n, err := node.Open(ctx, node.Config{Data: dir, Create: true, Now: clock.Now})
//	programme, err := demo.Fill(ctx, n, clock, demo.Options{People: 2000, Seed: 1, Days: 120})
//
// What it makes comes from the pack (packs/pakistan): places.yaml and routes.yaml are facts
// with their sources; demo/*.yaml is invented and says so. A person is a name put together
// by chance, with a second name that means "sample"; a kind of journey (profiles.yaml) along
// one of the routes; and a case that an office works on for some months. Nothing in the
// figures says how often anything happens.
//
// Everything enters as submissions, as it would from people: the history of a case as one
// import (form demo.import) made by its caseworker under the access policy, each write with
// the date on which it would have happened; the counts of a point as tallies of its
// enumerator; the interviews that wait for a caseworker as XForms, as a phone posts them;
// and the last days as acts of package casework.
//
// The same seed and the same day give the same programme, but for ids, case codes and what
// sealing makes of chance.
package demo
