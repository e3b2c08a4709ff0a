// Package packs embeds the content that Aman ships: registers, code lists, labels,
// screening standards, roles, forms, places. It holds no logic; each engine reads its
// own part.
package packs

import (
	"embed"
	"io/fs"
)

//go:embed all:core all:pakistan
var files embed.FS

// Open gives the pack of that name: core, pakistan.
func Open(name string) fs.FS {
	sub, err := fs.Sub(files, name)
	if err != nil {
		panic(err) // names are constants of the program
	}
	return sub
}
