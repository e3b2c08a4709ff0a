package xpath

// Rules is where the two engines that fill ODK forms in give different answers to the same expression: JavaRosa, which
// runs in Collect on phones, and the two browser engines (ODK Web Forms and Enketo), which agree with each other more
// closely. Each field is one difference. A server that checks what a phone calculated uses the phone's rules; one that
// checks what a browser calculated uses the browser's.
//
// Use [Collect] or [WebForms]; other mixtures are possible and tested by nobody.
type Rules struct {
	Name string

	// WholeDays: a date or dateTime as a number is the count of whole days from 1970-01-01 to its local calendar day.
	// Otherwise it is the time since 1970-01-01T00:00Z in days, with a fraction.
	WholeDays bool
	// DateOnlyText: a dateTime as text is its local date. Otherwise the time and offset follow, unless it is midnight.
	DateOnlyText bool
	// StrictDates: date('x') is an error. Otherwise it is an invalid date: NaN, false, "Invalid Date".
	StrictDates bool
	// RoundToDay: date() of a date with a time drops the time.
	RoundToDay bool

	// Tolerance is how far apart two numbers may be and still be equal, or be from 0 and still be false.
	Tolerance float64
	// CommaDecimals: "4,6" is the number 4.6.
	CommaDecimals bool
	// ScriptNumbers: text that JavaScript reads as a number is one: 1e3, +5, 0x10, Infinity.
	ScriptNumbers bool
	// JavaText: numbers are written as Java writes doubles (1.0E12, 1.0E-4), otherwise as JavaScript does.
	JavaText bool
	// SkipNaN: sum, min and max pass over what is not a number. Otherwise one such value makes the answer NaN.
	SkipNaN bool
	// RoundHalfUp: round works on decimals and rounds halves up: round(-2.5) is -2, round(1.005, 2) is 1.01. Otherwise it
	// works on binary fractions and rounds halves away from zero: -3 and 1.
	RoundHalfUp bool

	// BlankIsEmpty: no node at all compares and converts like one empty node, and a node is true when its text is not
	// empty. Otherwise, as in XPath 1.0, no node equals nothing, and any node is true.
	BlankIsEmpty bool
	// FirstRepeat: in indexed-repeat, an index that is empty, no number or below 1 means the first repetition, and a path
	// that is not inside the repeat is an error. Otherwise both mean no nodes.
	FirstRepeat bool
	// DropHidden: nodes marked Hidden (not relevant) are in no node-set. Otherwise they are there, with no text.
	DropHidden bool
	// TypedNodes: a node is of its Type, so that the number question answered 0 is false. Otherwise nodes are text.
	TypedNodes bool
	// RepeatContext: an absolute path through a repeat that holds the context node stays inside that repetition:
	// /data/person/name in a calculation of /data/person/age is the same person's name.
	RepeatContext bool
	// LeafText: an element that holds elements has no text, and count-non-empty counts it all the same. Otherwise its text
	// is all the text under it.
	LeafText bool

	// DoubleSeed: the seed of randomize passes through a double, which loses the low bits of the hash of a text seed.
	DoubleSeed bool
	// BoundWeights: weighted-checklist takes a negative bound as a bound and wants as many weights as conditions, and
	// checklist cuts its bounds to whole numbers. Otherwise a negative bound means none in both.
	BoundWeights bool
	// WholeMatch: regex must match the whole text. Otherwise any part of it.
	WholeMatch bool
	// AnyCase: boolean-from-string and the names given to digest ignore case.
	AnyCase bool
	// FlatArea: area is computed on a plane laid at the first point. Otherwise on a sphere, and areas and distances are
	// rounded to two decimals.
	FlatArea bool
	// StrictGeo: what is not a point, trace or shape is an error for the geographic functions. Otherwise it is NaN.
	StrictGeo bool
}

// Collect gives the answers of ODK Collect, KoboCollect and everything else built on JavaRosa. It is the default.
var Collect = &Rules{
	Name:      "collect",
	WholeDays: true, DateOnlyText: true, StrictDates: true, RoundToDay: true,
	Tolerance: 1e-12, CommaDecimals: true, JavaText: true, SkipNaN: true, RoundHalfUp: true,
	BlankIsEmpty: true, DropHidden: true, FirstRepeat: true, TypedNodes: true, RepeatContext: true, LeafText: true, DoubleSeed: true, BoundWeights: true,
	WholeMatch: true, AnyCase: true, FlatArea: true, StrictGeo: true,
}

// WebForms gives the answers of ODK Web Forms and Enketo.
var WebForms = &Rules{
	Name:          "webforms",
	ScriptNumbers: true,
}

// RulesNamed returns the rules called "collect" or "webforms", or nil.
func RulesNamed(name string) *Rules {
	for _, r := range []*Rules{Collect, WebForms} {
		if r.Name == name {
			return r
		}
	}
	return nil
}
