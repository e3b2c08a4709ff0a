package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Version is the version of the program; a release build sets it with -ldflags.
var Version = "0.1.0-dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// commands is the command line.
type commands struct {
	JSON    bool             `name:"json" help:"Answer in JSON, for programs."`
	Version kong.VersionFlag `name:"version" help:"Print the version."`

	Demo  demoCommand  `cmd:"" help:"Start a demonstration with invented people. Leaves nothing behind."`
	Init  initCommand  `cmd:"" group:"node" help:"Make a new node: keys, database, first administrator."`
	Serve serveCommand `cmd:"" group:"node" help:"Serve a node until Ctrl-C."`

	User   userCommand   `cmd:"" group:"people" help:"Users: add, list, disable, enable, password, roles."`
	Org    orgCommand    `cmd:"" group:"people" help:"Organisations: add, list."`
	Office officeCommand `cmd:"" group:"people" help:"Offices: add, list."`
	Device deviceCommand `cmd:"" group:"people" help:"Tokens for phones: add, list, revoke."`

	Backup  backupCommand  `cmd:"" group:"care" help:"Write the whole database into one sealed file, also while serving."`
	Restore restoreCommand `cmd:"" group:"care" help:"Put a backup into an empty place and prove that it is whole."`
	Doctor  doctorCommand  `cmd:"" group:"care" help:"Examine a node and say what needs care."`
	Audit   auditCommand   `cmd:"" group:"care" help:"The audit log: verify, export."`
	Keys    keysCommand    `cmd:"" group:"care" help:"The key ring: status, rotate, expire, passphrase."`

	Export   exportCommand   `cmd:"" group:"tools" help:"The answers to a survey as CSV, XLSX, JSON or GeoJSON."`
	Form     formCommand     `cmd:"" group:"tools" help:"XLSForms: convert, check; encrypted forms: key, encrypt."`
	XPath    xpathCommand    `cmd:"" name:"xpath" group:"tools" help:"Evaluate an ODK XPath expression on a filled form."`
	Screen   screenCommand   `cmd:"" group:"tools" help:"Facts about an episode: findings with their derivation."`
	Release  releaseCommand  `cmd:"" group:"tools" help:"Releases: plan, run, check, ledger."`
	Synth    synthCommand    `cmd:"" group:"tools" help:"Differentially private synthetic data from a bare CSV."`
	Evaluate evaluateCommand `cmd:"" group:"tools" help:"Compare synthetic data with the truth."`
}

// app is what every command gets.
type app struct {
	context.Context
	json bool
	in   io.Reader
	out  io.Writer
	err  io.Writer
}

// exit is how kong's --help and --version end the program in tests too.
type exit int

func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) (code int) {
	defer func() {
		if p := recover(); p != nil {
			e, ok := p.(exit)
			if !ok {
				panic(p)
			}
			code = int(e)
		}
	}()
	var c commands
	parser, err := kong.New(&c,
		kong.Name("aman"),
		kong.Description("Aman protects people on the move: collect, screen, protect, observe, account, publish."),
		kong.Vars{"version": "aman " + Version},
		kong.Writers(out, errOut),
		kong.Exit(func(n int) { panic(exit(n)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
		kong.ExplicitGroups([]kong.Group{
			{Key: "node", Title: "A node:"}, {Key: "people", Title: "Who works on it:"},
			{Key: "care", Title: "Care:"}, {Key: "tools", Title: "Tools on files:"},
		}),
		kong.UsageOnError(),
	)
	if err != nil {
		fmt.Fprintln(errOut, "aman:", err)
		return exitSystem
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(errOut, "aman: %v. See `aman --help`.\n", err)
		return exitUsage
	}
	a := &app{Context: ctx, json: c.JSON, in: in, out: out, err: errOut}
	if err := command.Run(a); err != nil {
		return a.fail(err)
	}
	return exitDone
}

// answer writes v as JSON with --json, and else lets text write for people.
func (a *app) answer(v any, text func(io.Writer)) error {
	if !a.json {
		text(a.out)
		return nil
	}
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// note tells a person something that is no answer.
func (a *app) note(format string, args ...any) { fmt.Fprintf(a.err, format+"\n", args...) }

// terminal says whether w is a screen with somebody before it.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err == nil && !os.SameFile(info, null)
}

func interrupted(err error) bool { return errors.Is(err, context.Canceled) }
