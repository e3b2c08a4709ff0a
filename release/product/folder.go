package product

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// File is one file of a release; the name has slashes and no leading one.
type File struct {
	Name string
	Body []byte
}

// Folder is all files of a release, by name.
type Folder []File

func sorted(files []File) (Folder, error) {
	f := slices.Clone(files)
	slices.SortFunc(f, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	for i, x := range f {
		if !fs.ValidPath(x.Name) || x.Name == "." {
			return nil, fmt.Errorf("product: %q is no name for a file of a release", x.Name)
		}
		if i > 0 && f[i-1].Name == x.Name {
			return nil, fmt.Errorf("product: two files are called %s", x.Name)
		}
	}
	return f, nil
}

// File finds a file.
func (f Folder) File(name string) ([]byte, bool) {
	i, ok := slices.BinarySearchFunc(f, name, func(x File, n string) int { return strings.Compare(x.Name, n) })
	if !ok {
		return nil, false
	}
	return f[i].Body, true
}

// FS gives the folder as a file system, for Verify and for serving.
func (f Folder) FS() fs.FS {
	var b bytes.Buffer
	if err := f.archive(&b, zip.Store); err != nil {
		panic(err) // memory does not fail
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		panic(err)
	}
	return z
}

// Write writes the folder to disk. It refuses a directory that holds anything.
func (f Folder) Write(dir string) error {
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return fmt.Errorf("product: %s is not empty; name another folder", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, x := range f {
		name := filepath.Join(dir, filepath.FromSlash(x.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, x.Body, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// zipTime is the time of every file in an archive: the same folder gives the same bytes.
var zipTime = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Zip writes the folder as one file.
func (f Folder) Zip(w io.Writer) error { return f.archive(w, zip.Deflate) }

func (f Folder) archive(w io.Writer, method uint16) error {
	z := zip.NewWriter(w)
	for _, x := range f {
		out, err := z.CreateHeader(&zip.FileHeader{Name: x.Name, Method: method, Modified: zipTime})
		if err != nil {
			return err
		}
		if _, err := out.Write(x.Body); err != nil {
			return err
		}
	}
	return z.Close()
}

// Bounds of an archive that is read back, against one made to fill a disk.
const (
	zipFiles = 10_000
	zipBytes = 4 << 30
)

// ReadZip reads what Zip wrote.
func ReadZip(b []byte) (Folder, error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, fmt.Errorf("product: the archive of a release: %w", err)
	}
	if len(z.File) > zipFiles {
		return nil, fmt.Errorf("product: the archive has %d files, more than %d", len(z.File), zipFiles)
	}
	var files []File
	left := int64(zipBytes)
	for _, entry := range z.File {
		if strings.HasSuffix(entry.Name, "/") {
			continue
		}
		body, err := readEntry(entry, left)
		if err != nil {
			return nil, fmt.Errorf("product: the archive's %s: %w", path.Clean(entry.Name), err)
		}
		left -= int64(len(body))
		files = append(files, File{entry.Name, body})
	}
	return sorted(files)
}

func readEntry(entry *zip.File, most int64) ([]byte, error) {
	r, err := entry.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	body, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(body)) > most {
		err = errors.New("it is too large")
	}
	return body, err
}
