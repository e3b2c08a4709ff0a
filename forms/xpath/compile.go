package xpath

// Compiler turns text into expressions. The zero value knows the ODK functions and no namespaces.
type Compiler struct {
	// Functions are known in addition to the built-in ones; one with a built-in name takes its place.
	Functions []Function

	// Namespaces are the prefixes known to the expressions, with their URIs. A prefix that is not here matches nodes
	// written with the same prefix, which is what form programs do. The prefix "" , when set, is the namespace of names
	// without a prefix; otherwise such names match elements written without a prefix, whatever their namespace.
	Namespaces map[string]string

	// AnyFunction accepts functions that are not known. Evaluating such a call is an error; everything else about the
	// expression (its references, printing, rewriting) works.
	AnyFunction bool
}

// Expr is a compiled expression. It does not change and may be used from many goroutines.
type Expr struct {
	source string
	root   Term
}

// Source returns the expression as it was given.
func (x *Expr) Source() string { return x.source }

// Term returns the parsed expression, for [Walk], [Rewrite] and [Format]. Do not change it.
func (x *Expr) Term() Term { return x.root }

// String prints the expression in its normal form.
func (x *Expr) String() string { return Format(x.root) }

// Compile parses an expression with the ODK functions and no namespaces. The error is a *SyntaxError.
func Compile(source string) (*Expr, error) { return new(Compiler).Compile(source) }

// MustCompile is Compile for expressions that are known to be right; it panics where they are not.
func MustCompile(source string) *Expr {
	x, err := Compile(source)
	if err != nil {
		panic("xpath: " + err.Error())
	}
	return x
}

// Compile parses an expression. The error is a *SyntaxError.
func (c *Compiler) Compile(source string) (*Expr, error) {
	p := &parser{compiler: c, src: source}
	root, err := p.parse()
	if err != nil {
		return nil, err
	}
	return &Expr{source: source, root: root}, nil
}

// FromTerm makes an expression of a term, such as one that [Rewrite] returned.
func FromTerm(t Term) *Expr { return &Expr{source: Format(t), root: t} }
