package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"aman/demo"
	"aman/node"
	"aman/node/ops"
	"aman/platform/store"
	"aman/web"
)

type demoCommand struct {
	Listen    string `name:"listen" default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Where to listen (default: a free port of this machine)."`
	People    int    `name:"people" default:"2000" help:"How many invented people have a case."`
	Seed      uint64 `name:"seed" default:"1" help:"The same seed gives the same programme."`
	NoBrowser bool   `name:"no-browser" help:"Do not open the browser."`
	Database  string `name:"database" placeholder:"URL" help:"postgres:// address of an empty database to use, and to leave empty."`
}

// signIn is one way into the demonstration.
type signIn struct {
	Role     string `json:"role"`
	Login    string `json:"login"`
	Password string `json:"password"`
	title    string
}

// demonstration is what --json prints.
type demonstration struct {
	Address string   `json:"address"`
	SignIns []signIn `json:"sign_ins"`
	People  int      `json:"people"`
	Seed    uint64   `json:"seed"`
	Device  struct {
		Token     string `json:"token"`
		ServerURL string `json:"server_url"`
	} `json:"device"`
}

// shown are the sign-ins that the demonstration prints, in this order, by login.
var shown = []struct{ login, title string }{
	{"caseworker", "caseworker"}, {"enumerator", "enumerator"}, {"shelter", "shelter manager"}, {"data", "data officer"}, {"admin", "administrator"},
	{"forms", "field manager"}, {"supervisor", "supervisor"}, {"approver", "release approver"}, {"third", "third organisation"},
}

func (c *demoCommand) Run(a *app) (err error) {
	if c.People < 1 || c.People > 1_000_000 {
		return usage("--people must be between 1 and 1,000,000")
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return input("the demonstration cannot listen on %s", c.Listen)
	}
	defer l.Close()
	dir, err := scratch(uint64(c.People)*200_000 + 512<<20)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	p := newProgress(a, "Making an invented programme")
	defer p.stop()
	clock := demo.NewClock()
	out := demonstration{Address: "http://" + address(l), People: c.People, Seed: c.Seed}
	n, err := node.Open(a, node.Config{Data: dir, Database: c.Database, Create: true, Throwaway: true, Now: clock.Now, Origin: out.Address})
	if err != nil {
		return err
	}
	defer n.Close()
	if c.Database != "" {
		if err := ops.Unused(a, n.Store); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, ops.Wipe(context.WithoutCancel(a), n.Store)) }()
	}
	if err := c.fill(a, n, clock, &out); err != nil {
		if interrupted(a.Err()) {
			return nil
		}
		return err
	}
	p.stop()
	return c.serve(a, n, l, &out)
}

// fill makes the programme, and meanwhile the passwords: hashing them is slow on purpose.
func (c *demoCommand) fill(a *app, n *node.Node, clock *demo.Clock, out *demonstration) error {
	hashes := make([]string, len(shown))
	out.SignIns = make([]signIn, len(shown))
	group, ctx := errgroup.WithContext(a)
	for i, s := range shown {
		group.Go(func() (err error) {
			out.SignIns[i] = signIn{Login: s.login, title: s.title}
			out.SignIns[i].Password, hashes[i], err = newPassword(ctx, n, s.login)
			return err
		})
	}
	programme, err := demo.Fill(a, n, clock, demo.Options{People: c.People, Seed: c.Seed})
	if err = errors.Join(err, group.Wait()); err != nil {
		return err
	}
	users := map[string]demo.SignIn{}
	for _, s := range programme.SignIns {
		users[s.Login] = s
	}
	return n.Store.Write(a, func(tx *store.Tx) error {
		for i := range out.SignIns {
			s := &out.SignIns[i]
			u, ok := users[s.Login]
			if !ok {
				return fmt.Errorf("the demonstration has no user %s", s.Login)
			}
			s.Role = u.Role
			if err := n.SignIn.SetPassword(tx, u.User, hashes[i], false); err != nil {
				return err
			}
		}
		enumerator := users["enumerator"].User
		offices, err := tx.Strings("SELECT office FROM user_offices WHERE user_id = ? ORDER BY office LIMIT 1", enumerator)
		if err != nil || len(offices) == 0 {
			return errors.Join(err, errors.New("the demonstration's enumerator has no office"))
		}
		_, out.Device.Token, err = n.SignIn.NewDevice(tx, enumerator, offices[0], "Demonstration phone")
		out.Device.ServerURL = out.Address + "/v1/key/" + out.Device.Token + "/projects/1"
		return err
	})
}

// serve shows the way in and serves until ctx ends.
func (c *demoCommand) serve(a *app, n *node.Node, l net.Listener, out *demonstration) error {
	log := slog.New(slog.NewJSONHandler(a.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	w, err := web.New(n, log)
	if err != nil {
		return err
	}
	w.Secure, w.Demo = false, true
	for _, s := range out.SignIns {
		w.SignIns = append(w.SignIns, web.DemoSignIn{Role: s.Role, Login: s.Login, Password: s.Password})
	}
	upkeep(n, log)
	group, ctx := errgroup.WithContext(a)
	group.Go(func() error { return n.Jobs.Run(ctx) })
	group.Go(func() error { return listen(ctx, l, w.Handler(), log) })
	// The port is open and its queue is taken care of from here on.
	if a.json {
		e := json.NewEncoder(a.out)
		e.SetEscapeHTML(false)
		if err := e.Encode(out); err != nil {
			return err
		}
	} else {
		out.print(a.out)
		if terminal(a.out) && !c.NoBrowser {
			browse(out.Address)
		}
	}
	return group.Wait()
}

func (d *demonstration) print(w io.Writer) {
	fmt.Fprintf(w, "Aman, a demonstration with %d invented people\n\n    %s\n\n", d.People, d.Address)
	t := tabwriter.NewWriter(w, 0, 4, 3, ' ', 0)
	for _, s := range d.SignIns {
		fmt.Fprintf(t, "    %s\t%s\t%s\n", s.title, s.Login, s.Password)
	}
	t.Flush()
	fmt.Fprintf(w, "\nODK Collect, server URL (as %s):\n    %s\n\nCtrl-C ends it and removes everything.\n", "enumerator", d.Device.ServerURL)
}

// address gives host and port for people. Passkeys need a name, so loopback is localhost.
func address(l net.Listener) string {
	t, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return l.Addr().String()
	}
	host := t.IP.String()
	if t.IP.IsLoopback() || t.IP.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, fmt.Sprint(t.Port))
}

// syllables make passwords that can be read aloud and typed: 105 of them, so eight are 53 bits.
var consonants, vowels = "bdfghjklmnprstvwyzckx", "aeiou"

// newPassword makes a password by chance, with its hash.
func newPassword(ctx context.Context, n *node.Node, words ...string) (password, hash string, err error) {
	for range 20 {
		var b strings.Builder
		for i := range 8 {
			if i > 0 && i%2 == 0 {
				b.WriteByte('-')
			}
			b.WriteByte(consonants[below(len(consonants))])
			b.WriteByte(vowels[below(len(vowels))])
		}
		password = b.String()
		// Now and then chance makes a word that is too common.
		if hash, err = n.SignIn.HashPassword(ctx, password, words...); err == nil {
			return password, hash, nil
		}
	}
	return "", "", err
}

// below gives a fair number 0 to n-1, n at most 256.
func below(n int) int {
	var b [1]byte
	for {
		rand.Read(b[:])
		if int(b[0]) < 256-256%n {
			return int(b[0]) % n
		}
	}
}

// browse opens the address in whatever the desktop uses; a machine without one says nothing.
func browse(address string) {
	args := map[string][]string{"darwin": {"open"}, "windows": {"rundll32", "url.dll,FileProtocolHandler"}}[runtime.GOOS]
	if args == nil {
		args = []string{"xdg-open"}
	}
	cmd := exec.Command(args[0], append(args[1:], address)...)
	if cmd.Start() == nil {
		go cmd.Wait()
	}
}

// progress shows on a terminal that something goes on.
type progress struct {
	end  chan struct{}
	done chan struct{}
}

func newProgress(a *app, what string) *progress {
	p := &progress{make(chan struct{}), make(chan struct{})}
	if !terminal(a.err) {
		close(p.done)
		return p
	}
	go func() {
		defer close(p.done)
		start := time.Now()
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			fmt.Fprintf(a.err, "\r%s … %.1f s", what, time.Since(start).Seconds())
			select {
			case <-tick.C:
			case <-p.end:
				fmt.Fprint(a.err, "\r\x1b[K")
				return
			}
		}
	}()
	return p
}

func (p *progress) stop() {
	select {
	case <-p.end:
	default:
		close(p.end)
	}
	<-p.done
}
