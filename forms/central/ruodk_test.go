package central

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// asRuODK are the requests of ruODK 1.5 (functions by name, as their source sends them: Basic
// with each, its Accept and X-Extended-Metadata headers, empty options and all), and what each
// then takes out of the answer. R need not be there to run them.
var asRuODK = []struct {
	function, method, path string
	header                 string // Accept
	body                   string
	// takes are the paths into the answer that the function reads, with the JSON type it
	// needs there: n a whole number below 2^31, s a text, b, l a list, ? text or null.
	takes string
}{
	{"project_list", "GET", "projects", "application/xml", "", "1.id:n 1.name:s 1.forms:n 1.appUsers:n 1.createdAt:s"},
	{"project_detail", "GET", "{p}", "application/xml", "", "id:n name:s createdAt:s"},
	{"user_list", "GET", "users", "application/json", "", ""},
	{"role_list", "GET", "roles", "application/json", "", "0.id:n 0.name:s 0.system:s"},
	{"form_list", "GET", "{p}/forms", "application/xml", "", "0.name:s 0.xmlFormId:s 0.version:s 0.state:s 0.submissions:n 0.createdBy.id:n 0.createdBy.displayName:s 0.publishedAt:s 0.lastSubmission:s 0.hash:s"},
	{"form_detail", "GET", "{p}/forms/trip", "application/xml", "", "name:s xmlFormId:s version:s submissions:n createdBy.id:n hash:s"},
	{"form_schema", "GET", "{p}/forms/trip/fields?flatten=FALSE&odata=FALSE", "application/json", "", "0.path:s 0.name:s 0.type:s 3.type:s"},
	{"form_xml", "GET", "{p}/forms/trip.xml", "application/xml", "", ""},
	{"form_version_list", "GET", "{p}/forms/trip/versions", "application/json", "", "0.version:s"},
	{"form_attachment_list", "GET", "{p}/forms/trip/attachments", "application/json", "", ":l"},
	{"submission_list", "GET", "{p}/forms/trip/submissions", "application/json", "", "0.instanceId:s 0.submitterId:n 0.deviceId:? 0.createdAt:s 0.updatedAt:? 0.submitter.id:n 0.submitter.displayName:s"},
	{"submission_detail", "GET", "{p}/forms/trip/submissions/uuid:1", "application/json", "", "instanceId:s submitter.displayName:s"},
	{"submission_get", "GET", "{p}/forms/trip/submissions/uuid:1.xml", "application/json, text/xml, application/xml, */*", "", ""},
	{"submission_versions", "GET", "{p}/forms/trip/submissions/uuid:1/versions", "application/json", "", "0.instanceId:s 0.current:b"},
	{"submission_comment_list", "GET", "{p}/forms/trip/submissions/uuid:1/comments", "application/json", "", ":l"},
	{"attachment_list", "GET", "{p}/forms/trip/submissions/uuid:1/attachments", "application/json", "", "0.name:s 0.exists:b"},
	{"get_one_attachment", "GET", "{p}/forms/trip/submissions/uuid:1/attachments/a.jpg", "*/*", "", ""},
	{"encryption_key_list", "GET", "{p}/forms/trip/submissions/keys", "application/json", "", ":l"},
	{"submission_export", "POST", "{p}/forms/trip/submissions.csv.zip", "*/*", "null", ""},
	{"submission_export media=FALSE", "POST", "{p}/forms/trip/submissions.csv.zip?attachments=false", "*/*", "null", ""},
	{"submission_export repeats=FALSE", "POST", "{p}/forms/trip/submissions.csv", "*/*", "null", ""},
	{"odata_service_get", "GET", "{p}/forms/trip.svc", "application/json", "", "value.0.name:s value.0.kind:s value.0.url:s"},
	{"odata_metadata_get", "GET", "{p}/forms/trip.svc/$metadata", "application/xml", "", ""},
	{"odata_submission_get", "GET", "{p}/forms/trip.svc/Submissions?$skip=&$top=&$count=false&$wkt=false", "application/json", "", "value.0.__id:s value.0.__system.submitterId:s value.0.way.place.type:s value.0.way.place.coordinates:l"},
	{"odata_submission_get wkt", "GET", "{p}/forms/trip.svc/Submissions.leg?$skip=&$top=1&$count=true&$wkt=true", "application/json", "", "value.0.__Submissions-id:s @odata.count:n @odata.nextLink:s"},
	{"entitylist_list", "GET", "{p}/datasets", "application/json", "", "0.name:s 0.createdAt:s 0.projectId:n 0.approvalRequired:b 0.entities:n 0.lastEntity:?"},
	{"entitylist_detail", "GET", "{p}/datasets/shelters", "application/json", "", "name:s properties.0.name:s properties.0.odataName:s properties.0.publishedAt:s properties.0.forms:l linkedForms:l sourceForms:l"},
	{"entitylist_update", "PATCH", "{p}/datasets/shelters", "application/json", `{"approvalRequired": true}`, "approvalRequired:b"},
	{"entitylist_download", "GET", "{p}/datasets/shelters/entities.csv", "text/csv; charset=utf-8", "", ""},
	{"entity_list", "GET", "{p}/datasets/shelters/entities", "application/json", "", "0.uuid:s 0.currentVersion.label:s 0.currentVersion.version:n 0.creatorId:n"},
	{"entity_detail", "GET", "{p}/datasets/shelters/entities/" + anID, "application/json", "", "uuid:s currentVersion.data.town:s creatorId:n"},
	{"entity_versions", "GET", "{p}/datasets/shelters/entities/" + anID + "/versions", "application/json", "", "0.label:s 0.data.town:s 0.current:b 0.version:n"},
	{"entity_changes", "GET", "{p}/datasets/shelters/entities/" + anID + "/diffs", "application/json", "", ":l"},
	{"entity_update", "PATCH", "{p}/datasets/shelters/entities/" + anID + "?force=true", "application/json", `{"label": "House 1", "data": {"town": "Invented B"}}`, "currentVersion.version:n"},
	{"odata_entitylist_service_get", "GET", "{p}/datasets/shelters.svc", "application/json", "", "value.0.name:s @odata.context:s"},
	{"odata_entitylist_metadata_get", "GET", "{p}/datasets/shelters.svc/$metadata", "application/xml", "", ""},
	{"odata_entitylist_data_get", "GET", "{p}/datasets/shelters.svc/Entities", "application/json", "", "value.0.__id:s value.0.label:s value.0.__system.createdAt:s value.0.__system.creatorName:s"},
	{"entity_bulk_delete", "POST", "{p}/datasets/shelters/entities/bulk-delete", "application/json", `{"ids": ["` + anID + `"]}`, "count:n"},
	{"entity_bulk_restore", "POST", "{p}/datasets/shelters/entities/bulk-restore", "application/json", `{"ids": ["` + anID + `"]}`, "count:n"},
	{"entity_delete", "DELETE", "{p}/datasets/shelters/entities/" + anID, "application/json", "", "success:b"},
	{"entity_restore", "POST", "{p}/datasets/shelters/entities/" + anID + "/restore", "application/json", "", "success:b"},
	{"app_user_create", "POST", "{p}/app-users", "application/json", `{"displayName": "Tablet"}`, "id:n token:s"},
	{"app_user_list", "GET", "{p}/app-users", "application/json", "", "0.id:n 0.displayName:s 0.token:s"},
	{"form_assignment_list", "GET", "{p}/forms/trip/assignments", "application/json", "", "0.actorId:n 0.roleId:n"},
	{"audit_get", "GET", "audits?action=door.sign_in&limit=100&offset=0", "application/json", "", ""},
}

func TestRuODK(t *testing.T) {
	s := one(t)
	s.publishTrip()
	s.send(tripOf("uuid:1", "1", "Invented Name", "31", someWay+"<photo>a.jpg</photo>"))
	s.ok("POST", "{p}/forms/trip/submissions/uuid:1/attachments/a.jpg", "a picture", "Content-Type", "image/jpeg")
	s.ok("POST", "{p}/datasets", `{"name": "shelters"}`)
	s.ok("POST", "{p}/datasets/shelters/properties", `{"name": "town"}`)
	s.ok("POST", "{p}/datasets/shelters/entities", `{"uuid": "`+anID+`", "label": "House one", "data": {"town": "Invented A"}}`)
	// users and the log are for others
	others := map[string]*script{"user_list": s.as(s.Admin, "admin", false)}
	for _, x := range asRuODK {
		t.Run(x.function, func(t *testing.T) {
			who := s
			if other := others[x.function]; other != nil {
				who = other
			}
			call := *who
			call.t, call.token = t, ""
			a := call.do(x.method, x.path, x.body, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(who.login+":"+who.secret)),
				"Accept", x.header, "X-Extended-Metadata", "true", "Content-Type", "application/json")
			if x.function == "audit_get" {
				if a.status != http.StatusForbidden {
					t.Errorf("%d: only an auditor reads the log", a.status)
				}
				return
			}
			if a.status != http.StatusOK {
				t.Fatalf("%d %s", a.status, a.body)
			}
			for _, take := range strings.Fields(x.takes) {
				path, typ, _ := strings.Cut(take, ":")
				if err := takes(decode[any](a), path, typ); err != nil {
					t.Errorf("%s: %v in %.400s", take, err, a.body)
				}
			}
		})
	}
}

// takes says whether a value of that type is at a path.
func takes(v any, path, typ string) error {
	for step := range strings.SplitSeq(path, ".") {
		switch node := v.(type) {
		case map[string]any:
			if strings.HasPrefix(step, "@odata") { // the one name with a dot in it
				step = path[strings.Index(path, "@"):]
			}
			found, ok := node[step]
			if !ok {
				return fmt.Errorf("no %s", step)
			}
			v = found
			if strings.HasPrefix(step, "@odata.") {
				path = ""
			}
		case []any:
			if step == "" {
				continue
			}
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(node) {
				return fmt.Errorf("no element %s", step)
			}
			v = node[i]
		}
		if path == "" {
			break
		}
	}
	ok := false
	switch x := v.(type) {
	case float64:
		ok = typ == "n" && x == float64(int32(x))
	case string:
		ok = typ == "s" || typ == "?"
	case nil:
		ok = typ == "?"
	case bool:
		ok = typ == "b"
	case []any:
		ok = typ == "l"
	}
	if !ok {
		return fmt.Errorf("a %T", v)
	}
	return nil
}
