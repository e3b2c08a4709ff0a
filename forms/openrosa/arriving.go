package openrosa

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// Limits of one request. Collect splits what is larger over several.
const (
	MaxRequest = 100_000_000
	maxPart    = 50 << 20
	maxParts   = 200
	// maxHeaders bounds what stands before the content of one part.
	maxHeaders = 64 << 10
	// maxHeld is how many bytes of requests that are still arriving may be in memory at
	// once, over all phones. Whoever comes when it is full is asked to come later; phones do.
	maxHeld = 256 << 20
	// maxRead is how far a request that is refused is read on, so that the answer arrives.
	maxRead = 4 << 30
)

// How slow a phone may be: nothing for still, and slowest bytes a second on the whole, after a
// start of grace. At 64 kbit/s it sends 8,000.
var (
	still   = time.Minute
	grace   = 2 * time.Minute
	slowest = 200.0
)

// Faults of a request that is arriving.
var (
	errTooLarge = errors.New("the request is too large")
	errSlow     = errors.New("the request arrives too slowly")
	errBusy     = errors.New("too many submissions are arriving at once")
)

// incoming is the body of a request: bounded in size, in headers and in time.
type incoming struct {
	io.ReadCloser
	control *http.ResponseController
	start   time.Time
	n       int64
	most    int64
	head    int64 // how much more may be read while the headers of a part are
	ended   error
	fault   error // the first of our own faults; readers of headers hide it
	waiting bool  // the phone sends nothing before it is told to go on
}

// arriving gives the request with bounds on its body. It is a copy: the server itself looks at
// the body of the first one, to tell a phone that waits before it sends.
func arriving(w http.ResponseWriter, r *http.Request) (*http.Request, *incoming) {
	b := &incoming{ReadCloser: r.Body, control: http.NewResponseController(w), start: time.Now(), most: MaxRequest, head: -1, waiting: r.Header.Get("Expect") != ""}
	r = r.WithContext(r.Context())
	r.Body = b
	return r, b
}

func (b *incoming) Read(p []byte) (int, error) {
	n, err := b.bounded(p)
	if b.fault == nil && err != nil && !errors.Is(err, io.EOF) {
		b.fault = err
	}
	return n, err
}

func (b *incoming) bounded(p []byte) (int, error) {
	switch {
	case b.ended != nil:
		return 0, b.ended
	case b.n >= b.most:
		// Exactly as much as may come is not too much: look whether there is more.
		if n, err := b.ReadCloser.Read(make([]byte, 1)); n == 0 && err != nil {
			b.ended = err
			return 0, err
		}
		return 0, errTooLarge
	case b.head == 0:
		return 0, &errPart{"openrosa.headers"}
	}
	if p = p[:min(int64(len(p)), b.most-b.n)]; b.head > 0 {
		p = p[:min(int64(len(p)), b.head)]
	}
	n, err := b.read(p)
	if b.head > 0 {
		b.head -= int64(n)
	}
	return n, err
}

func (b *incoming) read(p []byte) (int, error) {
	b.waiting = false
	_ = b.control.SetReadDeadline(time.Now().Add(still)) // not every writer has one
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	late := time.Since(b.start) - grace
	if errors.Is(err, os.ErrDeadlineExceeded) || late > 0 && float64(b.n) < slowest*late.Seconds() {
		err = errSlow
	}
	if err != nil {
		b.ended = err
	}
	return n, err
}

// header runs f, which reads the headers of a part, within their bound.
func (b *incoming) header(f func() error) error {
	b.head = maxHeaders
	defer func() { b.head = -1 }()
	return f()
}

// finish reads what is still coming and forgets it.
func (b *incoming) finish() {
	if b.waiting {
		return
	}
	piece := make([]byte, 32<<10)
	for b.ended == nil && b.n < maxRead {
		if _, err := b.read(piece); err != nil {
			return
		}
	}
}

// room is what one request takes of the memory for requests.
type room struct {
	h     *Handler
	taken int64
}

func (x *room) take(n int) error {
	x.taken += int64(n)
	if x.h.held.Add(int64(n)) > maxHeld {
		return errBusy
	}
	return nil
}

func (x *room) give(n int) {
	x.taken -= int64(n)
	x.h.held.Add(-int64(n))
}

func (x *room) leave() { x.give(int(x.taken)) }

// all reads a part. What it takes of the room is what is allocated, not what came.
func (x *room) all(part io.Reader) ([]byte, error) {
	const least = 16 << 10
	var out []byte
	for {
		if len(out) == cap(out) {
			size := max(least, min(2*cap(out), maxPart+1))
			if cap(out) > maxPart {
				return nil, errTooLarge
			}
			if busy := x.take(size); busy != nil {
				return nil, busy
			}
			grown := make([]byte, len(out), size)
			copy(grown, out)
			x.give(cap(out))
			out = grown
		}
		n, err := part.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		switch {
		case len(out) > maxPart:
			return nil, errTooLarge
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		}
	}
}
