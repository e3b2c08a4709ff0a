package access

import "slices"

// Action is something a subject wants to do to an object.
type Action string

// Actions on rows and their properties. A grant of one of these names privacy classes.
const (
	Read      Action = "read"
	Create    Action = "create"
	Update    Action = "update"
	Unseal    Action = "unseal"    // show one sealed value of one record; audited each time
	Export    Action = "export"    // take rows out as a file
	Aggregate Action = "aggregate" // count rows by properties, under the release rules; never see one
)

// Actions on a row as a whole.
const (
	Delete     Action = "delete"
	Intake     Action = "intake"      // work the queue of arrived submissions
	OpenCase   Action = "open_case"   //
	Assign     Action = "assign"      // hand a case over, change its team
	Consent    Action = "consent"     // record or withdraw consent
	Decide     Action = "decide"      // record a finding under a standard
	Review     Action = "review"      // second look at a finding; never one's own
	Plan       Action = "plan"        //
	Refer      Action = "refer"       // send a referral
	Receive    Action = "receive"     // accept, decline, record the outcome of a referral
	Share      Action = "share"       // open a group of properties to another organisation
	Close      Action = "close"       //
	Erase      Action = "erase"       // never of what one owns: the verifier is outside the case
	Hold       Action = "hold"        // lock against erasure, for a court
	BreakGlass Action = "break_glass" // join a case's team for a short time, with a reason
	Supervise  Action = "supervise"   // see caseload and overdue work

	ManageUsers    Action = "manage_users"
	ManageOrgs     Action = "manage_orgs"
	ManageForms    Action = "manage_forms"
	ReadAudit      Action = "read_audit"
	Release        Action = "release"         // prepare a release
	ApproveRelease Action = "approve_release" // never one's own
	Submit         Action = "submit"          // send a filled form
	Curate         Action = "curate"          // set the review of a survey's submission, comment on it, set it aside
	SeeRestricted  Action = "see_restricted"  // widens office and org to restricted rows
)

// Actions lists every action, for tables and checks.
var Actions = []Action{
	Read, Create, Update, Unseal, Export, Aggregate, Delete,
	Intake, OpenCase, Assign, Consent, Decide, Review, Plan, Refer, Receive, Share, Close, Erase, Hold, BreakGlass, Supervise,
	ManageUsers, ManageOrgs, ManageForms, ReadAudit, Release, ApproveRelease, Submit, Curate, SeeRestricted,
}

// ofProperties are the actions whose grants name privacy classes.
var ofProperties = []Action{Read, Create, Update, Unseal, Export, Aggregate}

// secondPerson are the actions that nobody may do to what she owns herself.
var secondPerson = []Action{Review, Erase, ApproveRelease}

// ofDevices is all that a device token can do, whatever the roles of its user. What it
// creates and updates comes as a submission.
var ofDevices = []Action{Submit, Read, Create, Update}

// throughGlass is what broken glass is for: to know and to act at once. It hands nothing
// over, shares nothing and closes nothing; else whoever broke it could let herself stay.
var throughGlass = []Action{Read, Unseal, Create, Update}

// Scope is how far a grant reaches; the package comment defines each.
type Scope string

// The scopes, nearest first. Decision.Via is the first that matched, in this order.
const (
	Own    Scope = "own"
	Office Scope = "office"
	Org    Scope = "org"
	Party  Scope = "party"
	Shared Scope = "shared"
	Public Scope = "public"
	All    Scope = "all"
)

// Scopes lists the scopes in that order.
var Scopes = []Scope{Own, Office, Org, Party, Shared, Public, All}

// Class is the privacy class of a property; package registry declares them.
type Class = string

// The classes. Identity and Health are sealed in the vault.
const (
	Open      Class = "open"
	Sensitive Class = "sensitive"
	Identity  Class = "identity"
	Health    Class = "health"
)

// Classes lists the classes.
var Classes = []Class{Open, Sensitive, Identity, Health}

func sealed(c Class) bool { return c == Identity || c == Health }

func known[T comparable](all []T, v T) bool { return slices.Contains(all, v) }
