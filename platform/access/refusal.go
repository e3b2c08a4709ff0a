package access

import "errors"

// Reason is a code for the audit log: why the policy answered as it did.
type Reason string

// The reasons.
const (
	Allowed         Reason = "allowed"
	NoSubject       Reason = "no_subject"       // nobody is signed in
	UnknownRegister Reason = "unknown_register" // no pack declares it
	DeviceOnly      Reason = "device"           // a device token cannot do this
	NoGrant         Reason = "no_grant"         // no role of the subject has the action there
	OutOfScope      Reason = "out_of_scope"     // a role has it, but not for this row
	IsRestricted    Reason = "restricted"       // it would reach the row if that were not restricted
	IsDeleted       Reason = "deleted"
	SecondPerson    Reason = "second_person" // one's own work needs somebody else
	NoSuchRow       Reason = "no_such_row"   // for callers
	NotReadable     Reason = "property_not_readable"
)

// Refusal is the error of a refused action. Faces show it as "not found" (404), so that a
// refusal does not tell that the row exists; the audit log has the reason.
type Refusal struct {
	Action Action
	Object Object
	Reason Reason
}

func (r *Refusal) Error() string {
	return "refused: " + string(r.Action) + " on " + r.Object.Register + " (" + string(r.Reason) + ")"
}

// AsRefusal gives the refusal in err; nil when err is something else.
func AsRefusal(err error) *Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return r
	}
	return nil
}
