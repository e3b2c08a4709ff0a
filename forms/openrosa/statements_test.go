package openrosa

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"aman/node/nodetest"
)

// The 53 statements of what ODK Collect and KoboCollect need of a server. Each has the test that
// shows it, here or in another package; in what is tested elsewhere the file is looked for, so
// that this table does not outlive it.
var statements = []struct {
	n         int
	what      string
	test      func(*phone)
	elsewhere string
}{
	{1, "any base address, slashes at its end", anyBase, ""},
	{2, "the Date of a request is never judged", dateIsNotJudged, ""},
	{3, "every answer has X-OpenRosa-Version and Date", headersEverywhere, ""},
	{4, "lenient in, strict out", noVersionHeader, ""},
	{5, "X-OpenRosa-Accept-Content-Length", accepts, ""},
	{6, "text/xml; charset=utf-8", contentTypes, ""},
	{7, "a malformed token is 401, an unknown or revoked one 403", tokens, ""},
	{8, "?st= is the same, and addresses carry the token", tokenInQuery, ""},
	{9, "Digest over http and https", digestWorks, ""},
	{10, "Basic over https alone", basicOverHTTPS, ""},
	{11, "KoboToolbox's addresses", kobo, ""},
	{12, "401 on HEAD asks for a password; nothing leads to another host", headChallenge, ""},
	{13, "a QR code sets the phone up", settingsCode, ""},
	{14, "the form list's root and namespace", listShape, ""},
	{15, "what each form in the list has", listFields, ""},
	{16, "the hash is md5: of the bytes, and changes with them", hashes, ""},
	{17, "formID, verbose, listAllVersions, deviceID", listQuestions, ""},
	{18, "only what is open, published and for this phone", onlyFillable, ""},
	{19, "ids in addresses are escaped", idsInAddresses, ""},
	{20, "the manifest, without what is not uploaded yet", manifestShape, ""},
	{21, "entity lists in the manifest", entityLists, ""},
	{22, "their hash changes with any row, and differs where rows do", entityHashes, ""},
	{23, "their CSV, and 304", entityCSV, ""},
	{24, "integrityUrl", entityIntegrity, ""},
	{25, "HEAD is 204", headIs204, ""},
	{26, "multipart with xml_submission_file and attachments", submissionParts, ""},
	{27, "chunked bodies", chunked, ""},
	{28, "201 in an envelope", created, ""},
	{29, "a submission in several parts is one record", split, ""},
	{30, "the same again is 201 and changes nothing", again, ""},
	{31, "the same id with other content is 409", different, ""},
	{32, "one that was deleted is 409", deletedOne, ""},
	{33, "no instance id is refused", noInstance, ""},
	{34, "two at once make one record", atOnce, ""},
	{35, "edits", edits, ""},
	{36, "messages are sentences in the phone's language", languages, ""},
	{37, "an unknown version is 404, an older one is taken", versions, ""},
	{38, "closed is 409, closing is taken and not listed", closing, ""},
	{39, "what is too large is 413, not a cut connection", tooLarge, ""},
	{40, "attachments that are missing, and extra ones", attachments, ""},
	{41, "deviceID and User-Agent are kept", deviceKept, "../export"},
	{42, "encrypted submissions are taken, and open with the key", encrypted, "../crypt/crypt_test.go"},
	{43, "managed keys", managed, "../crypt/crypt_test.go"},
	{44, "no entity is made of an encrypted submission", noEntityOfEncrypted, ""},
	{45, "entities of a newer specification are refused", tooNewEntities, ""},
	{46, "meta/entity: made on one phone, carried by another", fromPhoneToPhone, "../entities"},
	{47, "stale versions and the backlog (shown by 46 too)", nil, "../entities"},
	{48, "names of lists and properties", nil, "../entities/block"},
	{49, "lists of approved submissions", approvalType, "../entities"},
	{50, "drafts under test", drafts, ""},
	{51, "a version is published once", publishedOnce, ""},
	{52, "X-XlsForm-FormId-Fallback", nil, "../central"},
	{53, "the REST twins", nil, "../central"},
}

func TestStatements(t *testing.T) {
	nodetest.Each(t, func(t *testing.T, w *nodetest.World) {
		p := newPhone(t, w)
		p.publish(survey, map[string]string{"points.csv": "name,label\np1,One\np2,Two\n"})
		for i, s := range statements {
			if s.n != i+1 {
				t.Fatalf("statement %d is number %d of the table", s.n, i+1)
			}
			if s.elsewhere != "" {
				if _, err := os.Stat(s.elsewhere); err != nil {
					t.Errorf("statement %d, %s: %v", s.n, s.what, err)
				}
			}
			if s.test == nil {
				continue
			}
			t.Run(fmt.Sprintf("%02d %s", s.n, strings.ReplaceAll(s.what, "/", " ")), func(t *testing.T) {
				here := *p
				here.t = t
				s.test(&here)
			})
		}
	})
}
