package central

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// problem is an error as Central tells it. Code is its number, as text, for 400.1 and 400.10
// are two; before the dot stands the HTTP status.
type problem struct {
	Code    string
	Message string
	Details any
}

func (p *problem) Error() string { return p.Code + " " + p.Message }

func (p *problem) status() int {
	whole, _, _ := strings.Cut(p.Code, ".")
	n, err := strconv.Atoi(whole)
	if err != nil {
		return http.StatusInternalServerError
	}
	return n
}

// MarshalJSON writes the code as the number it is.
func (p *problem) MarshalJSON() ([]byte, error) {
	out := struct {
		Message string          `json:"message"`
		Code    json.RawMessage `json:"code"`
		Details any             `json:"details,omitempty"`
	}{p.Message, json.RawMessage(p.Code), p.Details}
	return json.Marshal(out)
}

// details are the particulars of a problem.
type details map[string]any

// The problems that need no particulars.
var (
	errAuth       = &problem{Code: "401.2", Message: "Could not authenticate with the provided credentials. Scripts use a program password, made on the account page."}
	errHTTPS      = &problem{Code: "401.3", Message: "This authentication method is only available over HTTPS"}
	errRights     = &problem{Code: "403.1", Message: "The authentication you provided does not have rights to perform that action."}
	errNotFound   = &problem{Code: "404.1", Message: "Could not find the resource you were looking for."}
	errInternal   = &problem{Code: "500.1", Message: "An unknown internal problem has occurred. Please try again later."}
	errBusy       = &problem{Code: "503.1", Message: "The server cannot answer at the moment. Please try again later."}
	errVersion    = &problem{Code: "404.2", Message: "Expected an API version (eg /v1) at the start of the request URL."}
	errXMLDiffers = &problem{Code: "409.1", Message: "A submission already exists with this ID, but with different XML. Resubmissions to attach additional multimedia must resubmit an identical xml_submission_file."}
	errClosed     = &problem{Code: "409.2", Message: "This form is not currently accepting submissions. Please talk to your program staff if this is unexpected."}
	errNoDraftDel = &problem{Code: "409.7", Message: "Could not delete draft, because the form has not been published. Either delete the whole form, or replace the draft."}
	errDeprecated = &problem{Code: "400.19", Message: "This PUT endpoint expects a deprecatedID metadata tag pointing at the current version instanceID. I cannot find that tag in your request."}
	errDeleted    = &problem{Code: "409.19", Message: "This submission has been deleted. You may not resubmit it."}
	errXLSForm    = "The given XLSForm file was not valid. Please see the error details for more information."
	errWarnings   = "The Form is valid, but with warnings. Please check the warnings and if they are acceptable resubmit with ?ignoreWarnings=true"
)

func missing(field string) *problem {
	return &problem{"400.2", fmt.Sprintf("Required parameter %s missing.", field), details{"field": field}}
}

// unexpected refuses a value. It repeats what was sent, so never call it with an answer of
// somebody's.
func unexpected(field, value, reason string) *problem {
	return &problem{"400.8", fmt.Sprintf("Unexpected %s value %s; %s", field, value, reason), details{"field": field, "value": value, "reason": reason}}
}

func unparseable(format string, length int) *problem {
	return &problem{"400.1", fmt.Sprintf("Could not parse the given data (%d chars) as %s.", length, format), details{"format": format, "rawLength": length}}
}

func taken(fields, values []string) *problem {
	return &problem{"409.3", fmt.Sprintf("A resource already exists with %s value(s) of %s.", strings.Join(fields, ","), strings.Join(values, ",")),
		details{"fields": fields, "values": values}}
}

func notOffered(feature string) *problem {
	return &problem{"501.1", fmt.Sprintf("The requested feature %s is not supported by this server.", feature), details{"feature": feature}}
}
