package forms

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"

	"aman/platform/access"
	"aman/platform/audit"
	"aman/platform/store"
	"aman/platform/vault"
)

// Attachment is a file that a submission names, or that came with it.
type Attachment struct {
	Name, Type string
	Size       int64
	// Exists: it came. Expected: an answer names it.
	Exists, Expected bool
}

func bodyContext(instance string) string { return "submissions/" + instance + "/body" }

func chunkContext(instance, name string, n int) string {
	return fmt.Sprintf("submissions/%s/files/%s/%d", instance, name, n)
}

// chunk is how much of an attachment is sealed as one piece: small enough that a
// photograph never needs its size again in memory.
const chunk = 256 << 10

// present counts the expected files that came with it.
func (in *Filled) present() (n int) {
	for _, name := range in.expected {
		if slices.ContainsFunc(in.Files, func(f File) bool { return f.Name == name }) {
			n++
		}
	}
	return n
}

// keepFiles keeps what came with a new submission and notes what is expected and did not.
// What an edit names and the version before it had is carried over.
func (s *Service) keepFiles(tx *store.Tx, in *Filled, key *vault.Key) error {
	for _, f := range in.Files {
		if err := s.keepFile(tx, in.Instance, f, key, slices.Contains(in.expected, f.Name)); err != nil {
			return err
		}
	}
	carried := int64(0)
	for _, name := range in.expected {
		if slices.ContainsFunc(in.Files, func(f File) bool { return f.Name == name }) {
			continue
		}
		if in.before != nil {
			n, err := tx.Exec(`INSERT INTO submission_files (submission, name, media_type, size, key_id, present, expected, stored_as)
				SELECT ?, name, media_type, size, key_id, TRUE, TRUE, CASE WHEN stored_as = '' THEN submission ELSE stored_as END FROM submission_files WHERE submission = ? AND name = ? AND present = TRUE`,
				in.Instance, in.Replaces, name)
			if err != nil {
				return fmt.Errorf("carrying an attachment over: %w", err)
			}
			if carried += n; n > 0 {
				continue
			}
		}
		if _, err := tx.Exec("INSERT INTO submission_files (submission, name, size, key_id, present, expected) VALUES (?, ?, 0, '', FALSE, TRUE)", in.Instance, name); err != nil {
			return fmt.Errorf("noting an attachment: %w", err)
		}
	}
	if carried > 0 {
		return countFiles(tx, in.Instance)
	}
	return nil
}

// keepFile keeps one file, unless one of that name is here already; what was only expected,
// or carried over from an earlier version, gives way.
func (s *Service) keepFile(tx *store.Tx, instance string, f File, key *vault.Key, expected bool) error {
	n, err := tx.Exec(`INSERT INTO submission_files (submission, name, media_type, size, key_id, expected) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (submission, name) DO UPDATE SET media_type = excluded.media_type, size = excluded.size, key_id = excluded.key_id, present = TRUE, stored_as = ''
		WHERE submission_files.present = FALSE OR submission_files.stored_as <> ''`,
		instance, f.Name, f.MediaType, len(f.Body), key.ID, expected)
	if err != nil {
		return fmt.Errorf("keeping an attachment: %w", err)
	}
	if n == 0 {
		return nil // the first copy of a name stands
	}
	for i, rest := 0, f.Body; i == 0 || len(rest) > 0; i++ {
		piece := rest[:min(chunk, len(rest))]
		rest = rest[len(piece):]
		sealed := key.Seal(chunkContext(instance, f.Name, i), piece)
		if _, err := tx.Exec("INSERT INTO submission_chunks (submission, name, n, body) VALUES (?, ?, ?, ?)", instance, f.Name, i, sealed); err != nil {
			return fmt.Errorf("keeping an attachment: %w", err)
		}
	}
	return nil
}

// addFiles keeps what comes in a later part of a submission that is here.
func (s *Service) addFiles(tx *store.Tx, in *Filled, key string) error {
	if len(in.Files) == 0 {
		return nil
	}
	k, err := s.vault.Use(tx, key)
	if err != nil {
		return err
	}
	for _, f := range in.Files {
		if err := s.keepFile(tx, in.Instance, f, k, false); err != nil {
			return err
		}
	}
	return countFiles(tx, in.Instance)
}

func countFiles(tx *store.Tx, instance string) error {
	_, err := tx.Exec("UPDATE submissions SET files_present = (SELECT count(*) FROM submission_files f WHERE f.submission = submissions.id AND f.present = TRUE AND f.expected = TRUE) WHERE id = ?", instance)
	return err
}

const attachmentColumns = "SELECT name, media_type, size, present, expected FROM submission_files WHERE submission = ?"

func scanAttachment(r *sql.Rows) (a Attachment, err error) {
	err = r.Scan(&a.Name, &a.Type, &a.Size, &a.Exists, &a.Expected)
	return a, err
}

// Attachments lists the files of one version of a submission, by name.
func (s *Service) Attachments(tx *store.Tx, sub access.Subject, project int64, form, instance string) ([]Attachment, error) {
	if _, err := s.answer(tx, sub, access.Read, project, form, instance); err != nil {
		return nil, err
	}
	return store.All(tx, scanAttachment, attachmentColumns+" ORDER BY name", instance)
}

// Attachment writes one file to w, piece by piece; store.ErrNone when it is not here. A
// picture or a voice is as good as a name, so it needs unseal, and is in the audit log
// before it is given.
func (s *Service) Attachment(ctx context.Context, sub access.Subject, project int64, form, instance, name string, w io.Writer) (a Attachment, err error) {
	if !plainText(name, 255) {
		return a, store.ErrNone
	}
	var stored string
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		sub := sub
		sub.At = s.now().UTC()
		if _, err := s.answer(tx, sub, access.Unseal, project, form, instance); err != nil {
			return err
		}
		list, err := store.All(tx, scanAttachment, attachmentColumns+" AND name = ? AND present = TRUE", instance, name)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return store.ErrNone
		}
		a = list[0]
		if err := tx.Row("SELECT CASE WHEN stored_as = '' THEN submission ELSE stored_as END FROM submission_files WHERE submission = ? AND name = ?", instance, name).Scan(&stored); err != nil {
			return err
		}
		return s.audit.Append(tx, audit.Entry{At: sub.At, Actor: actor(sub), Org: sub.Org, Action: "submission.attachment", Outcome: audit.OK, Register: "answers", Object: ForAudit(instance)})
	})
	if err != nil {
		return a, err
	}
	return a, s.pour(ctx, stored, name, a.Size, w)
}

// pour reads the pieces, each in a short read of its own.
func (s *Service) pour(ctx context.Context, stored, name string, size int64, w io.Writer) error {
	for n := 0; ; n++ {
		var piece []byte
		err := s.db.Read(ctx, func(tx *store.Tx) error {
			var sealed []byte
			if err := tx.Row("SELECT body FROM submission_chunks WHERE submission = ? AND name = ? AND n = ?", stored, name, n).Scan(&sealed); err != nil {
				return err
			}
			var err error
			piece, err = s.vault.Open(tx, chunkContext(stored, name, n), sealed)
			return err
		})
		if errors.Is(err, store.ErrNone) && n > 0 && size == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := w.Write(piece); err != nil {
			return err
		}
		if size -= int64(len(piece)); size == 0 {
			return nil
		}
	}
}

// PutAttachment puts a file in the place of the one of that name, or beside the others.
func (s *Service) PutAttachment(ctx context.Context, sub access.Subject, project int64, form, instance, name, mediaType string, body []byte) error {
	if !plainText(name, 255) || name == "" {
		return fmt.Errorf("an attachment needs a name of at most 255 characters")
	}
	return s.curate(ctx, sub, "submission.attach", project, form, instance, func(tx *store.Tx, _ access.Subject, h *Head) error {
		if _, err := tx.Exec("DELETE FROM submission_chunks WHERE submission = ? AND name = ?", h.stored, name); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE submission_files SET present = FALSE WHERE submission = ? AND name = ?", h.stored, name); err != nil {
			return err
		}
		var key string
		if err := tx.Row("SELECT key_id FROM submissions WHERE id = ?", h.stored).Scan(&key); err != nil {
			return err
		}
		k, err := s.vault.Use(tx, key)
		if err != nil {
			return err
		}
		if err := s.keepFile(tx, h.stored, File{name, mediaType, body}, k, false); err != nil {
			return err
		}
		return countFiles(tx, h.stored)
	})
}
