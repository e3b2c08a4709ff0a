package central

import "aman/forms"

// pick finds the form of an address and the version that is meant; answer answers for it.
type (
	pick   func(c *call) (forms.Form, string, error)
	answer func(c *call, f forms.Form, version string) error
)

// table lists every address, below /v1/.
func (h *Handler) table() []route {
	const (
		project = "projects/{project}"
		form    = project + "/forms/{form}"
		named   = form + "/versions/{version}"
		draft   = form + "/draft"
		dataset = project + "/datasets/{dataset}"
		entity  = dataset + "/entities/{entity}"
	)
	out := []route{
		{method: "POST", pattern: "sessions", answer: (*call).signIn, open: true},
		{method: "GET", pattern: "sessions/restore", answer: (*call).restore},
		{method: "DELETE", pattern: "sessions/{token}", answer: (*call).signOut, open: true},
		{method: "GET", pattern: "users", answer: (*call).users},
		{method: "GET", pattern: "users/{user}", answer: (*call).user},
		{method: "GET", pattern: "roles", answer: (*call).roles},
		{method: "GET", pattern: "roles/{role}", answer: (*call).role},
		{method: "GET", pattern: "audits", answer: (*call).audits},

		{method: "GET", pattern: "projects", answer: (*call).projects},
		{method: "POST", pattern: "projects", answer: (*call).saveProject},
		{method: "GET", pattern: project, answer: (*call).projectOne},
		{method: "PATCH", pattern: project, answer: (*call).saveProject},
		{method: "DELETE", pattern: project, answer: (*call).dropProject},
		{method: "GET", pattern: project + "/app-users", answer: (*call).appUsers},
		{method: "POST", pattern: project + "/app-users", answer: (*call).newAppUser},
		{method: "DELETE", pattern: project + "/app-users/{actor}", answer: (*call).dropAppUser},

		{method: "GET", pattern: project + "/forms", answer: (*call).forms},
		{method: "POST", pattern: project + "/forms", answer: (*call).newForm},
		{method: "GET", pattern: form + "/versions", answer: (*call).listVersions},
		{method: "POST", pattern: form + "/restore", answer: (*call).restoreForm},
		{method: "GET", pattern: form + "/assignments", answer: (*call).assignments},
		{method: "GET", pattern: form + "/assignments/{role}", answer: (*call).assignments},
		{method: "POST", pattern: form + "/assignments/{role}/{actor}", answer: (*call).assign},
		{method: "DELETE", pattern: form + "/assignments/{role}/{actor}", answer: (*call).unassign},
		{method: "POST", pattern: draft, answer: (*call).newDraft},
		{method: "DELETE", pattern: draft, answer: (*call).dropDraft},
		{method: "POST", pattern: draft + "/publish", answer: ofVersion(ofDraft, (*call).publishDraft)},
		{method: "POST", pattern: draft + "/attachments/{name}", answer: ofVersion(ofDraft, (*call).putMedium)},
		{method: "PATCH", pattern: draft + "/attachments/{name}", answer: ofVersion(ofDraft, (*call).linkMedium)},
		{method: "DELETE", pattern: draft + "/attachments/{name}", answer: ofVersion(ofDraft, (*call).dropMedium)},

		{method: "GET", pattern: project + "/datasets", answer: (*call).datasets},
		{method: "POST", pattern: project + "/datasets", answer: (*call).saveDataset},
		{method: "POST", pattern: dataset + "/properties", answer: (*call).newProperty},
		{method: "GET", pattern: dataset + "/entities", answer: (*call).entities},
		{method: "POST", pattern: dataset + "/entities", answer: (*call).newEntities},
		{method: "GET", pattern: form + "/dataset-diff", answer: ofVersion(ofPublished, (*call).datasetDiff)},
		{method: "GET", pattern: draft + "/dataset-diff", answer: ofVersion(ofDraft, (*call).datasetDiff)},
		{method: "GET", pattern: dataset + "/entities.geojson", answer: (*call).entityGeoJSON},
		{method: "GET", pattern: dataset + "/entities.csv", answer: (*call).entityCSV},
		{method: "POST", pattern: dataset + "/entities/bulk-delete", answer: (*call).dropEntities},
		{method: "POST", pattern: dataset + "/entities/bulk-restore", answer: (*call).restoreEntities},
		{method: "GET", pattern: entity + "/versions", answer: (*call).entityVersions},
		{method: "GET", pattern: entity + "/diffs", answer: (*call).entityDiffs},
		{method: "POST", pattern: entity + "/restore", answer: (*call).restoreEntity},
		{method: "GET", pattern: entity, answer: (*call).entity},
		{method: "PATCH", pattern: entity, answer: (*call).changeEntity},
		{method: "DELETE", pattern: entity, answer: (*call).dropEntity},
		{method: "GET", pattern: dataset + ".svc", answer: (*call).entityService},
		{method: "GET", pattern: dataset + ".svc/{table...}", answer: (*call).entityService},
		{method: "GET", pattern: dataset, answer: (*call).showDataset},
		{method: "PATCH", pattern: dataset, answer: (*call).saveDataset},
		{method: "DELETE", pattern: dataset, answer: (*call).dropDataset},
	}
	for _, x := range notHere {
		out = append(out, route{method: x.method, pattern: x.pattern, answer: func(*call) error { return notOffered(x.what) }})
	}
	out = append(out, ofSubmissions(draft, ofDraft)...)
	out = append(out, ofSubmissions(form, ofPublished)...)
	out = append(out, ofDefinition(draft, ofDraft, (*call).showDraft)...)
	out = append(out, ofDefinition(named, ofNamed, (*call).showVersion)...)
	out = append(out, ofDefinition(form, ofForm, func(c *call, _ forms.Form, _ string) error { return c.form() })...)
	return append(out,
		route{method: "PATCH", pattern: form, answer: (*call).patchForm},
		route{method: "DELETE", pattern: form, answer: (*call).dropForm},
	)
}

// notHere are addresses of Central that are not offered, so that a script is told so and not
// that it asked for the wrong thing.
var notHere = []struct{ method, pattern, what string }{
	{"POST", "users", "making users; they are made on the administration pages"},
	{"PATCH", "users/{user}", "changing users; they are changed on the administration pages"},
	{"DELETE", "users/{user}", "ending users; they are ended on the administration pages"},
	{"PUT", "users/{user}/password", "passwords over the interface for scripts"},
	{"POST", "users/reset/{what}", "passwords over the interface for scripts"},
	{"GET", "config/{what...}", "server configuration"},
	{"POST", "config/{what...}", "server configuration"},
	{"GET", "backup", "backups over the interface for scripts"},
	{"POST", "backup", "backups over the interface for scripts"},
	{"GET", "projects/{project}/assignments", "roles of users in one project"},
	{"GET", "projects/{project}/assignments/{what...}", "roles of users in one project"},
	{"POST", "projects/{project}/assignments/{what...}", "roles of users in one project"},
	{"DELETE", "projects/{project}/assignments/{what...}", "roles of users in one project"},
	{"PUT", "projects/{project}", "changing a project with all its forms at once"},
	{"POST", "projects/{project}/key", "managed encryption"},
	{"GET", "projects/{project}/forms/{form}/public-links", "public links"},
	{"POST", "projects/{project}/forms/{form}/public-links", "public links"},
	{"GET", "projects/{project}/forms/{form}/submissions/{instance}/edit", "editing in Enketo; open the submission on its page"},
	{"GET", "projects/{project}/forms/{form}/submissions/{instance}/audits", "the log of one submission; GET /audits has it"},
	{"DELETE", "projects/{project}/forms/{form}/submissions/{instance}/attachments/{name}", "taking a file away from a submission"},
	{"GET", "projects/{project}/datasets/{dataset}/entities/{entity}/audits", "the log of one entity; GET /audits has it"},
	{"DELETE", "projects/{project}/datasets/{dataset}/properties/{name}", "taking a property away from a list"},
}

// ofDefinition are the addresses of a version of a form.
func ofDefinition(base string, pick pick, show answer) []route {
	of := func(a answer) func(*call) error { return ofVersion(pick, a) }
	return []route{
		{method: "GET", pattern: base + ".xml", answer: of((*call).definition)},
		{method: "GET", pattern: base + ".xlsx", answer: of(spreadsheet(".xlsx"))},
		{method: "GET", pattern: base + ".xls", answer: of(spreadsheet(".xls"))},
		{method: "GET", pattern: base + "/fields", answer: of((*call).fields)},
		{method: "GET", pattern: base + "/attachments", answer: of((*call).media)},
		{method: "GET", pattern: base + "/attachments/{name}", answer: of((*call).medium)},
		{method: "GET", pattern: base, answer: of(show)},
	}
}

// ofSubmissions are the addresses of the submissions of a form, or of its draft.
func ofSubmissions(base string, pick pick) []route {
	of := func(a answer) func(*call) error { return ofVersion(pick, a) }
	const one = "/submissions/{instance}"
	return []route{
		{method: "GET", pattern: base + ".svc", answer: of((*call).submissionService)},
		{method: "GET", pattern: base + ".svc/{table...}", answer: of((*call).submissionService)},
		{method: "GET", pattern: base + "/submissions.csv", answer: of((*call).submissionsCSV)},
		{method: "POST", pattern: base + "/submissions.csv", answer: of((*call).submissionsCSV)},
		{method: "GET", pattern: base + "/submissions.csv.zip", answer: of((*call).submissionsZip)},
		{method: "POST", pattern: base + "/submissions.csv.zip", answer: of((*call).submissionsZip)},
		{method: "GET", pattern: base + "/submissions.geojson", answer: of((*call).submissionsGeoJSON)},
		{method: "GET", pattern: base + "/submissions", answer: of((*call).submissions)},
		{method: "POST", pattern: base + "/submissions", answer: of((*call).newSubmission)},
		{method: "GET", pattern: base + "/submissions/keys", answer: of((*call).keys)},
		{method: "GET", pattern: base + "/submissions/submitters", answer: of((*call).submittersOf)},
		{method: "POST", pattern: base + one + "/restore", answer: of((*call).restoreSubmission)},
		{method: "GET", pattern: base + one + "/comments", answer: of((*call).comments)},
		{method: "POST", pattern: base + one + "/comments", answer: of((*call).newComment)},
		{method: "GET", pattern: base + one + "/diffs", answer: of((*call).diffs)},
		{method: "GET", pattern: base + one + "/attachments", answer: of((*call).attachments)},
		{method: "GET", pattern: base + one + "/attachments/{name}", answer: of((*call).attachment)},
		{method: "POST", pattern: base + one + "/attachments/{name}", answer: of((*call).putAttachment)},
		{method: "GET", pattern: base + one + "/versions", answer: of((*call).submissionVersions)},
		{method: "GET", pattern: base + one + "/versions/{edit}/attachments", answer: of(ofEdit((*call).editAttachments))},
		{method: "GET", pattern: base + one + "/versions/{edit}/attachments/{name}", answer: of(ofEdit((*call).editAttachment))},
		{method: "GET", pattern: base + one + "/versions/{edit}.xml", answer: of(ofEdit((*call).editDocument))},
		{method: "GET", pattern: base + one + "/versions/{edit}", answer: of(ofEdit((*call).edit))},
		{method: "GET", pattern: base + one + ".xml", answer: of((*call).document)},
		{method: "GET", pattern: base + one, answer: of((*call).submission)},
		{method: "PUT", pattern: base + one, answer: of((*call).editSubmission)},
		{method: "PATCH", pattern: base + one, answer: of((*call).patchSubmission)},
		{method: "DELETE", pattern: base + one, answer: of((*call).dropSubmission)},
	}
}
