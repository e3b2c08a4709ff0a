package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"

	"golang.org/x/sync/errgroup"

	"aman/node"
	"aman/node/ops"
	"aman/web"
)

type serveCommand struct {
	place
	Listen string `name:"listen" env:"AMAN_LISTEN" default:"127.0.0.1:8700" placeholder:"HOST:PORT" help:"Where to listen (default: ${default})."`
	Origin string `name:"origin" env:"AMAN_ORIGIN" placeholder:"URL" help:"The address that browsers use, https://aman.example.org. Passkeys and phones need it."`
	Cert   string `name:"tls-cert" env:"AMAN_TLS_CERT" type:"path" placeholder:"FILE" help:"Certificate chain, PEM. A renewed file is taken up within a minute."`
	Key    string `name:"tls-key" env:"AMAN_TLS_KEY" type:"path" placeholder:"FILE" help:"Its private key, PEM."`
	Proxy  bool   `name:"behind-proxy" env:"AMAN_BEHIND_PROXY" help:"A proxy of yours ends TLS in front of this node and sets X-Forwarded-For."`
	Exit   string `name:"exit-to" env:"AMAN_EXIT_TO" default:"https://www.wikipedia.org/" placeholder:"URL" help:"Where the quick exit leads: a page that says nothing."`
}

// checked refuses what would send passwords and names over a network in the clear.
func (c *serveCommand) checked() error {
	if (c.Cert == "") != (c.Key == "") {
		return usage("--tls-cert and --tls-key belong together")
	}
	if c.Cert != "" && c.Proxy {
		return usage("with --behind-proxy the proxy ends TLS; leave --tls-cert and --tls-key out, or leave --behind-proxy out")
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return usage("--listen takes HOST:PORT, such as 127.0.0.1:8700")
	}
	if c.Cert == "" && !c.Proxy && !loopback(host) {
		return usage("plain http is served on this machine alone (127.0.0.1). Give --tls-cert and --tls-key, or --behind-proxy if a proxy of yours ends TLS")
	}
	if c.Origin == "" {
		if c.Proxy {
			return usage("behind a proxy, --origin must say which address browsers use, such as https://aman.example.org")
		}
		return nil
	}
	u, err := url.Parse(c.Origin)
	if err != nil || u.Host == "" || strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || (u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname()))) {
		return usage("--origin takes an address such as https://aman.example.org, without a path")
	}
	c.Origin = u.Scheme + "://" + u.Host
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *serveCommand) Run(a *app) error {
	if err := c.checked(); err != nil {
		return err
	}
	config, err := c.config()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(a.err, nil))
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return &coded{exitSystem, fmt.Sprintf("cannot listen on %s: another program may have that port, or it needs rights", c.Listen)}
	}
	defer l.Close()
	scheme := "http"
	if c.Cert != "" {
		scheme = "https"
		pair := &certificate{cert: c.Cert, key: c.Key}
		if _, err := pair.get(nil); err != nil {
			return input("the certificate and its key could not be used together; check %s and %s", c.Cert, c.Key)
		}
		l = tls.NewListener(l, &tls.Config{GetCertificate: pair.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
	}
	if config.Origin = c.Origin; config.Origin == "" {
		config.Origin = scheme + "://" + address(l)
	}
	n, err := node.Open(a, config)
	if err != nil {
		return err
	}
	defer n.Close()
	if err := ops.Settled(a, n.Store); err != nil {
		return err
	}
	w, err := web.New(n, log)
	if err != nil {
		return err
	}
	w.Secure, w.Proxy, w.ExitTo = strings.HasPrefix(config.Origin, "https:"), c.Proxy, c.Exit
	upkeep(n, log)
	group, ctx := errgroup.WithContext(a)
	group.Go(func() error { return n.Jobs.Run(ctx) })
	group.Go(func() error { return listen(ctx, l, w.Handler(), log) })
	log.Info("serving", "address", config.Origin, "listen", l.Addr().String(), "engine", n.Store.Engine(), "version", Version)
	if terminal(a.out) {
		a.note("Serving %s. Ctrl-C ends it.", config.Origin)
	}
	err = group.Wait()
	log.Info("ended")
	return err
}

// upkeep gives the node its periodic work.
func upkeep(n *node.Node, log *slog.Logger) {
	for _, u := range ops.Upkeep(n, log) {
		n.Jobs.Handle(u.Kind, u.Rule, u.Run)
	}
}
