package web

import (
	"net/http"

	"aman/platform/access"
	"aman/platform/store"
	"aman/registry"
)

// settle decides a conflict: the row stays as it is, or the waiting values are written.
func (s *Server) settle(w http.ResponseWriter, r *http.Request) {
	sub, _ := subjectOf(r)
	state := r.PostFormValue("state")
	if state != "kept" && state != "taken" {
		s.fail(w, r, http.StatusUnprocessableEntity, "value.required")
		return
	}
	// The row must be one the subject may read, and of this case.
	err := s.Node.Store.Read(r.Context(), func(tx *store.Tx) error {
		write, err := s.Node.Registry.Waiting(tx, r.PathValue("conflict"))
		if err != nil {
			return err
		}
		var row *registry.Row
		if row, err = s.Node.Registry.Get(tx, sub, write.Register, write.ID); err != nil {
			return err
		}
		if row.Case != r.PathValue("id") && !(write.Register == "people" && row.Person != "") {
			return &access.Refusal{Action: access.Update, Object: row.Object(), Reason: access.NoSuchRow}
		}
		return nil
	})
	if err == nil {
		err = s.Node.Casework.Settle(r.Context(), sub, r.PathValue("conflict"), state)
	}
	if err != nil {
		s.problem(w, r, err)
		return
	}
	http.Redirect(w, r, "/cases/"+r.PathValue("id")+"?done=settle#top", http.StatusSeeOther)
}
