package main

import (
	"os"
	"strings"

	"aman/node"
)

// place says where a node keeps what. It is part of every command on a node.
type place struct {
	Data       string `name:"data" env:"AMAN_DATA" type:"path" placeholder:"DIR" help:"Folder of an embedded node."`
	Keys       string `name:"keys" env:"AMAN_KEYS" type:"path" placeholder:"DIR" help:"Folder of the key ring (default: DATA/keys). Keep it on another disk if you can."`
	Database   string `name:"database" env:"AMAN_DATABASE" placeholder:"URL" help:"postgres:// address, for several nodes on one database."`
	Passphrase string `name:"passphrase-file" env:"AMAN_PASSPHRASE_FILE" type:"path" placeholder:"FILE" help:"File with the passphrase of the key ring, if it has one."`
}

// config gives the node's configuration.
func (p *place) config() (node.Config, error) {
	if p.Data == "" && p.Database == "" {
		return node.Config{}, usage("say where the node is: --data DIR, or --database URL with --keys DIR")
	}
	if p.Database != "" && p.Keys == "" && p.Data == "" {
		return node.Config{}, usage("a node on a database server needs the folder of its key ring: --keys DIR")
	}
	phrase, err := secret(p.Passphrase, "AMAN_PASSPHRASE")
	return node.Config{Data: p.Data, Keys: p.Keys, Database: p.Database, Passphrase: phrase}, err
}

// secret reads a passphrase or password from a file (its first line), or from the environment.
func secret(file, variable string) (string, error) {
	if file == "" {
		return os.Getenv(variable), nil
	}
	body, err := os.ReadFile(file)
	if err != nil {
		return "", input("the file %s could not be read", file)
	}
	line, _, _ := strings.Cut(string(body), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", input("the file %s has nothing in its first line", file)
	}
	return line, nil
}

// open opens the node.
func (p *place) open(a *app) (*node.Node, error) {
	c, err := p.config()
	if err != nil {
		return nil, err
	}
	return node.Open(a, c)
}
