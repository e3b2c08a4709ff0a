package export

import (
	"errors"
	"io"
	"runtime"
	"sync"
)

// Source gives every submission to each, one after another, and stops at its first error.
// body is only valid during the call; nil says that there are no answers to be had. A
// writer of several tables calls the source once for each: it must give the same
// submissions in the same order each time.
type Source func(each func(m Meta, body []byte) error) error

// A batch is some submissions on their way to one processor and, as bytes of the file, on
// to the writer. Batches bound what is in memory: a few for each processor.
const (
	batchBytes = 256 << 10
	batchMost  = 256
)

type batch struct {
	metas []Meta
	ends  []int // of each body in data; -1: no body
	data  []byte

	out  []byte
	rows []int // where each row ends in out
	err  error
	done chan struct{}
}

func (b *batch) reset() {
	b.metas, b.ends, b.data, b.out, b.rows, b.err = b.metas[:0], b.ends[:0], b.data[:0], b.out[:0], b.rows[:0], nil
	b.done = make(chan struct{})
}

func (b *batch) add(m Meta, body []byte) {
	b.metas = append(b.metas, m)
	b.data = append(b.data, body...)
	end := len(b.data)
	if body == nil {
		end = -1
	}
	b.ends = append(b.ends, end)
}

var errStopped = errors.New("the writer stopped")

// format writes the rows of one submission.
type format func(rec *Record, b *batch)

// run reads a source, formats it on several processors and writes it in order. take gets
// each batch; nil just writes it to w.
func (l *Layout) run(w io.Writer, workers int, src Source, f func() format, take func(b *batch) error) error {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if take == nil {
		take = func(b *batch) error { _, err := w.Write(b.out); return err }
	}
	work, order := make(chan *batch), make(chan *batch, 2*workers)
	pool := sync.Pool{New: func() any { return new(batch) }}
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			reader, write := l.Reader(), f()
			for b := range work {
				b.render(reader, write)
				close(b.done)
			}
		})
	}
	failed := make(chan struct{})
	var fault error
	group.Go(func() {
		for b := range order {
			<-b.done
			if fault == nil {
				if fault = b.err; fault == nil {
					fault = take(b)
				}
				if fault != nil {
					close(failed)
				}
			}
			pool.Put(b)
		}
	})
	next := func() *batch { b := pool.Get().(*batch); b.reset(); return b }
	b := next()
	push := func() error {
		select {
		case <-failed:
			return errStopped
		case order <- b:
		}
		work <- b
		b = next()
		return nil
	}
	err := src(func(m Meta, body []byte) error {
		b.add(m, body)
		if len(b.data) >= batchBytes || len(b.metas) >= batchMost {
			return push()
		}
		return nil
	})
	if err == nil && len(b.metas) > 0 {
		err = push()
	}
	close(work)
	close(order)
	group.Wait()
	if fault != nil {
		return fault
	}
	return err
}

func (b *batch) render(reader *Reader, write format) {
	from := 0
	for i, m := range b.metas {
		var body []byte
		if b.ends[i] >= 0 {
			body = b.data[from:b.ends[i]:b.ends[i]]
			from = b.ends[i]
		}
		rec, err := reader.Read(m, body)
		if err != nil {
			// One that cannot be read is a row that says so; the others are not lost for it.
			m.Status = "unreadable"
			if rec, err = reader.Read(m, nil); err != nil {
				b.err = err
				return
			}
		}
		write(rec, b)
	}
}
