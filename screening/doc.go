// Package screening says what an episode of a journey amounts to under a named
// standard, and why. It is pure: values in, values out, no clock, no network,
// no database. Another program may import it alone.
//
// Five things to know:
//
//   - A [Fact] is one answer about one episode: yes, no, unknown or not asked
//     ([Value]), with who recorded it, when, and from which row. Unknown and
//     not asked never turn into no.
//   - A [Vocabulary] (facts.yaml in a pack) names the facts, asks for them in
//     three languages, and says which are read from HTCDS fields ([Derive]).
//   - A [Standard] (standards/*.yaml in a pack) is data: elements built from
//     facts, outcomes built from elements, sources, dates of effect. The
//     engine knows no statute and no country.
//   - A [Finding] is a standard applied to facts: the outcome, each element
//     with its facts and their recorders, the single facts that would change
//     the outcome, and what is still to be asked. It serialises to stable JSON
//     and carries every text it needs, so a stored finding stays readable when
//     the pack has moved on.
//   - Standards run side by side ([Library.Screen]); where they disagree the
//     disagreement is shown ([Comparison]) and never merged into one answer.
//
// A finding is advice to the person who decides. Whether the victim consented
// is never an input: the loader refuses a standard that reads such a fact.
//
// Use:
//
//	lib, err := screening.Load(os.DirFS("packs/core"), os.DirFS("packs/pakistan"))
//	req, err := lib.ReadRequest(data)          // YAML or JSON
//	report := lib.Screen(req)
//	lib.WriteText(os.Stdout, report, "en")     // or WriteJSON(os.Stdout, report)
//
// Two limits to know. An undetermined finding may name as possible an outcome
// that cannot happen, because conditions are decided one by one and not by
// cases (x or not x is open while x is). And a fact belongs to one episode:
// whether the means served the same purpose within it is for a person to say.
// Both err toward asking.
//
// Files, in reading order: value.go (the logic), fact.go, vocabulary.go,
// derive.go, expr.go, standard.go, effect.go (dates), evaluate.go, change.go,
// explain.go, report.go, write.go, request.go. decode.go reads YAML and JSON; a
// README.md in packs/core/standards says how to change a standard.
package screening
