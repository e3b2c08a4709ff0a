package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// patience is how long a request may stand still. There is no limit on its whole length:
// a photo takes a quarter of an hour at 64 kbit/s.
const patience = time.Minute

// listener serves h on l until ctx ends, then lets the requests under way finish.
func listen(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler: patient(h), ReadHeaderTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(quiet{log.Handler()}, slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		log.Warn("some requests did not end in time", "err", err)
		server.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// quiet keeps what clients do wrong (a broken handshake, with their address) out of the log.
type quiet struct{ slog.Handler }

func (quiet) Enabled(_ context.Context, l slog.Level) bool { return l > slog.LevelDebug }

// patient ends a connection on which nothing moves any more, in either direction.
func patient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		_ = c.SetReadDeadline(time.Now().Add(patience))
		r = r.WithContext(r.Context()) // a copy: the server looks at the first one's body, to tell who waits before sending
		r.Body = &patientBody{r.Body, c}
		next.ServeHTTP(&patientWriter{w, c}, r)
	})
}

type patientBody struct {
	io.ReadCloser
	c *http.ResponseController
}

func (b *patientBody) Read(p []byte) (int, error) {
	_ = b.c.SetReadDeadline(time.Now().Add(patience))
	return b.ReadCloser.Read(p)
}

type patientWriter struct {
	http.ResponseWriter
	c *http.ResponseController
}

func (w *patientWriter) Write(p []byte) (int, error) {
	_ = w.c.SetWriteDeadline(time.Now().Add(patience))
	return w.ResponseWriter.Write(p)
}

func (w *patientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// certificate gives the certificate in two files, and takes up a renewed one within a minute.
type certificate struct {
	cert, key string
	mu        sync.Mutex
	have      *tls.Certificate
	stamp     time.Time // of the file
	looked    time.Time
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.have != nil && time.Since(c.looked) < time.Minute {
		return c.have, nil
	}
	c.looked = time.Now()
	info, err := os.Stat(c.cert)
	if err == nil && (c.have == nil || !info.ModTime().Equal(c.stamp)) {
		var next tls.Certificate
		if next, err = tls.LoadX509KeyPair(c.cert, c.key); err == nil {
			c.have, c.stamp = &next, info.ModTime()
		}
	}
	if c.have != nil {
		return c.have, nil // a renewal that is half written: the old one is still good
	}
	return nil, err
}
