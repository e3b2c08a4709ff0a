package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"

	"aman/node"
	"aman/web"
)

// jobVariable holds the job of a child process, as JSON.
const jobVariable = "AMAN_BENCH_JOB"

// job is what a child process does: make an empty world, fill one, look at one that was filled, serve one, or count what came in.
type job struct {
	Do       string // "world", "fill", "look", "serve", "count"
	Data     string
	Database string
	People   int
}

// serving is what a serving child prints.
type serving struct{ Addr, Profile string }

func child(body string) error {
	var j job
	if err := json.Unmarshal([]byte(body), &j); err != nil {
		return err
	}
	ctx := context.Background()
	n, err := node.Open(ctx, node.Config{Data: j.Data, Database: j.Database, Create: true})
	if err != nil {
		return err
	}
	defer n.Close()
	switch j.Do {
	case "world":
		w, err := makeWorld(ctx, n, 0)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(w.targets)
	case "count":
		r, err := countRecords(ctx, n)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(r)
	case "fill":
		t, err := fill(ctx, n, j.People)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(t)
	case "look":
		var t targets
		if err := look(ctx, n, &t); err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(t)
	case "serve":
		return serve(n)
	}
	return fmt.Errorf("there is no job %q", j.Do)
}

// serve serves the node until standard input ends. Profiles are on an address of their own.
func serve(n *node.Node) error {
	s, err := web.New(n, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	s.Secure = false // plain http on loopback
	face, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	back, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/profile", pprof.Profile)
	mux.Handle("/heap", pprof.Handler("heap"))
	go http.Serve(back, mux)
	srv := &http.Server{Handler: s.Handler()}
	go srv.Serve(face)
	if err := json.NewEncoder(os.Stdout).Encode(serving{"http://" + face.Addr().String(), "http://" + back.Addr().String()}); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return srv.Shutdown(context.Background())
}
