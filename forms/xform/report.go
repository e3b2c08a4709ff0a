package xform

// Rule names what a finding is about.
type Rule string

// Rules whose breach means that a submission does not fit its form.
const (
	Unreadable Rule = "unreadable" // it is no submission at all
	WrongForm  Rule = "form"       // it is of another form
	Required   Rule = "required"   // a relevant question has no answer and must have one
	Constraint Rule = "constraint" // an answer breaks the form's own rule
	Type       Rule = "type"       // an answer is no date, number, place … where one is asked for
	Choice     Rule = "choice"     // an answer is not among the choices there, under the answers given
	Range      Rule = "range"      // an answer is not on the scale
	Count      Rule = "count"      // there are more or fewer rounds than the form says
	Irrelevant Rule = "irrelevant" // there is an answer to what should not have been asked
	Repeated   Rule = "repeated"   // there are two answers where the form has one
)

// Rules whose findings are notes only.
const (
	Calculated Rule = "calculated" // the form's calculation gives something else
	Unknown    Rule = "unknown"    // the form has no such node; it is kept
	Unchecked  Rule = "unchecked"  // a rule could not be asked: a file is missing, an expression is at fault
	Unfinished Rule = "unfinished" // there was too much to look at all of it
)

// Finding is one thing that was found. It holds no answer.
type Finding struct {
	Rule  Rule
	Path  string // of the node, with positions: /data/leg[2]/from
	Name  string // the node's own name
	Label Words  // of its question or group; nil when it has none
	// Message is what the form itself says; nil when it says nothing, and the reader is told
	// by the rule.
	Message Words
	// Why says what stopped a rule that is Unchecked, for the form's author.
	Why string
}

// Code is the finding in short, to be stored: the rule and the path, “required:/data/age”.
func (f Finding) Code() string { return string(f.Rule) + ":" + f.Path }

// Report is what is to be said of one submission.
type Report struct {
	// Failures are why it does not fit its form, in document order.
	Failures []Finding
	// Notes are worth knowing and no fault of it.
	Notes []Finding
	// More counts the failures and notes that were left out, beyond 200 of each.
	More int
	// Relevant counts the nodes with an answer that were looked at.
	Relevant int
}

const maxFindings = 200

// Fits says that nothing failed.
func (r *Report) Fits() bool { return len(r.Failures) == 0 }

// Codes are the codes of the failures.
func (r *Report) Codes() []string {
	out := make([]string, len(r.Failures))
	for i, f := range r.Failures {
		out[i] = f.Code()
	}
	return out
}

func (r *Report) add(to *[]Finding, f Finding) {
	if len(*to) >= maxFindings {
		r.More++
		return
	}
	*to = append(*to, f)
}

// Rules lists every rule, those of failures first.
func Rules() []Rule {
	return []Rule{Unreadable, WrongForm, Required, Constraint, Type, Choice, Range, Count, Irrelevant, Repeated, Calculated, Unknown, Unchecked, Unfinished}
}
