package central

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"aman/forms"
	"aman/forms/entities"
	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/signin"
	"aman/platform/store"
)

// Handler serves the interface for one node. It is safe for concurrent use.
type Handler struct {
	Store *store.DB
	Forms *forms.Service
	// Entities keeps the entity lists.
	Entities *entities.Service
	SignIn   *signin.Service
	Policy   *access.Policy
	Audit    *audit.Log
	// Base is the outside address, https://host, when it cannot be told from requests.
	Base string
	// Secure says whether a request may carry a password: over https, or on a node that is
	// only for trying out. nil: over TLS that ends here.
	Secure func(*http.Request) bool
	// Address gives the client's address, for the throttle; nil: as the connection has it.
	Address func(*http.Request) string
	// AppUserRole is the role of the account that stands behind a new app user; empty: none can
	// be made here.
	AppUserRole string
	Now         func() time.Time
	Log         *slog.Logger

	once    sync.Once
	held    atomic.Int64 // bytes of requests in memory
	routes  []compiled
	numbers numbers
	layouts layouts
}

type compiled struct {
	route
	pieces []piece
}

// Register puts everything under /v1/ on a mux; more particular patterns of others win.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.Handle("/v1/", h)
}

// Limits of what a request may carry, in bytes.
const (
	jsonMost = 32 << 20 // ten thousand entities in one call
	fileMost = 100 << 20
	// heldMost is how much of all requests may be in memory at once; who comes when it is full
	// is asked to come again.
	heldMost = 256 << 20
)

// call is one request under way.
type call struct {
	h       *Handler
	w       http.ResponseWriter
	r       *http.Request
	params  map[string]string
	program signin.Program
	sub     access.Subject
	wrote   bool
	held    int64
}

func (c *call) ctx() context.Context { return c.r.Context() }

// ServeHTTP finds the route, lets the script in, and tells errors as Central does.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.once.Do(func() {
		for _, x := range h.table() {
			h.routes = append(h.routes, compiled{x, pieces(x.pattern)})
		}
	})
	c := &call{h: h, w: w, r: r}
	defer func() { h.held.Add(-c.held) }()
	if err := c.serve(); err != nil {
		c.fail(err)
	}
}

func (c *call) serve() error {
	path, ok := strings.CutPrefix(c.r.URL.EscapedPath(), "/v1/")
	if !ok {
		return errVersion
	}
	method := c.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for i := range c.h.routes {
		rt := &c.h.routes[i]
		if rt.method != method {
			continue
		}
		if c.params = match(rt.pieces, path); c.params == nil {
			continue
		}
		c.r.Pattern = "/v1/" + rt.pattern // for the log, which must not hold the address itself
		if err := c.comeIn(rt.open); err != nil {
			return err
		}
		return rt.answer(c)
	}
	if err := c.comeIn(false); err != nil {
		return err // whoever is nobody learns nothing of what is there
	}
	return errNotFound
}

// comeIn finds out whose script this is.
func (c *call) comeIn(open bool) (err error) {
	given := c.r.Header.Get("Authorization")
	kind, value, _ := strings.Cut(given, " ")
	switch {
	case given == "" && open:
		return nil
	case strings.EqualFold(kind, "Bearer"):
		c.program, err = c.h.SignIn.ProgramSession(c.ctx(), strings.TrimSpace(value))
	case strings.EqualFold(kind, "Basic"):
		if !c.secure() {
			return errHTTPS
		}
		login, password, ok := c.r.BasicAuth()
		if !ok {
			return errAuth
		}
		c.program, err = c.h.SignIn.ProgramBasic(c.ctx(), login, password, c.from())
	default:
		return errAuth
	}
	if errors.Is(err, signin.ErrNoSession) || errors.Is(err, signin.ErrRefused) {
		return errAuth
	}
	c.sub = c.program.Subject
	c.sub.At = c.h.Now().UTC()
	return err
}

// secure says whether a password may come this way.
func (c *call) secure() bool {
	if c.h.Secure != nil {
		return c.h.Secure(c.r)
	}
	return c.r.TLS != nil
}

func (c *call) from() signin.From {
	address := c.r.RemoteAddr
	if c.h.Address != nil {
		address = c.h.Address(c.r)
	}
	return signin.From{Address: address, Agent: c.r.UserAgent()}
}

// base is the outside address of this server.
func (c *call) base() string {
	switch {
	case c.h.Base != "":
		return strings.TrimSuffix(c.h.Base, "/")
	case c.r.TLS != nil:
		return "https://" + c.r.Host
	}
	return "http://" + c.r.Host
}

// read runs f in a read transaction.
func (c *call) read(f func(tx *store.Tx) error) error { return c.h.Store.Read(c.ctx(), f) }

// flag reads a parameter that is true or not.
func (c *call) flag(name string) bool { return strings.EqualFold(c.r.URL.Query().Get(name), "true") }

// extended says whether the script asks for more than the plain fields.
func (c *call) extended() bool { return c.r.Header.Get("X-Extended-Metadata") == "true" }

// page reads the paging of plain lists: ?limit= (-1 without it) and ?offset=.
func (c *call) page() (limit, offset int, err error) {
	limit = -1
	q := c.r.URL.Query()
	for name, into := range map[string]*int{"limit": &limit, "offset": &offset} {
		v := q.Get(name)
		if v == "" {
			continue
		}
		if *into, err = strconv.Atoi(v); err != nil || *into < 0 {
			return 0, 0, unexpected(name, v, "it is not a number.")
		}
	}
	return limit, offset, nil
}

// project is the project of the address.
func (c *call) project() (int64, error) {
	n, err := strconv.ParseInt(c.params["project"], 10, 64)
	if err != nil {
		return 0, &problem{"400.11", "Invalid input data type: expected the project to be (integer)", details{"value": "projectId", "expected": "integer"}}
	}
	return n, nil
}

// json answers with a value.
func (c *call) json(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.wrote = true
	_, err = c.w.Write(body)
	return c.gone(err)
}

// success is Central's answer when there is nothing to tell.
func (c *call) success() error { return c.json(map[string]bool{"success": true}) }

// body reads a JSON body into v. It need not be there at all.
func (c *call) body(v any) error {
	body, err := c.bytes(jsonMost)
	if err != nil || len(body) == 0 {
		return err
	}
	if err := json.Unmarshal(body, v); err != nil {
		return unparseable("json", len(body))
	}
	return nil
}

// bytes reads the whole body.
func (c *call) bytes(most int64) ([]byte, error) {
	body, err := io.ReadAll(&counting{http.MaxBytesReader(c.w, c.r.Body, most), c})
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, &problem{"413.1", "The request is larger than this server takes.", details{"limit": most}}
	case errors.Is(err, errBusy):
		c.w.Header().Set("Retry-After", "30")
		return nil, err
	case err != nil:
		return nil, &problem{"400.1", "The request was cut off before its end.", nil}
	}
	return body, nil
}

// counting takes room for what it reads.
type counting struct {
	r io.Reader
	c *call
}

func (x *counting) Read(b []byte) (int, error) {
	n, err := x.r.Read(b)
	x.c.held += int64(n)
	if x.c.h.held.Add(int64(n)) > heldMost {
		return 0, errBusy
	}
	return n, err
}

// file answers with something to keep.
func (c *call) file(name, mediaType string) {
	c.w.Header().Set("Content-Type", mediaType)
	c.w.Header().Set("Content-Disposition", disposition(name))
}

// stream answers with what f writes. What goes wrong after the first bytes have left can only
// be told by breaking the connection off, so that no half table is taken for a whole one.
func (c *call) stream(f func(w io.Writer) error) error {
	w := bufio.NewWriterSize(noting{c}, 64<<10)
	err := c.packed(w, f)
	if err == nil {
		err = w.Flush()
	}
	if err != nil && c.wrote {
		c.h.Log.Error("an answer was broken off", "route", c.r.Pattern, "err", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// packed writes tables compressed for who takes them so: they shrink to a tenth, and a border
// post has a thin line. Pictures and archives are small already.
func (c *call) packed(w io.Writer, f func(w io.Writer) error) error {
	kind, _, _ := strings.Cut(c.w.Header().Get("Content-Type"), ";")
	packs := kind == "text/csv" || strings.HasSuffix(kind, "json")
	if !packs || !strings.Contains(c.r.Header.Get("Accept-Encoding"), "gzip") {
		return f(w)
	}
	c.w.Header().Set("Content-Encoding", "gzip")
	c.w.Header().Add("Vary", "Accept-Encoding")
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if err := f(z); err != nil {
		return err
	}
	return z.Close()
}

// noting notes that something has left.
type noting struct{ c *call }

func (n noting) Write(b []byte) (int, error) {
	n.c.wrote = true
	return n.c.w.Write(b)
}

// gone swallows the error of a client that went away.
func (c *call) gone(err error) error {
	if err != nil {
		c.h.Log.Debug("a program went away", "err", err)
	}
	return nil
}
