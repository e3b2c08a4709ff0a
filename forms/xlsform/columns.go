package xlsform

import "strings"

// dialect is what one sheet's headers may be: its columns, and other spellings
// of them. An alias may stand for a part of a group of columns, as "relevant"
// stands for "bind::relevant".
type dialect struct {
	columns map[string]bool
	aliases map[string][]string
}

func words(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}

// listNameKey is the normal spelling of the list_name column; it cannot be the
// name of a column for choice filters, since it holds a space.
const listNameKey = "list name"

var surveyDialect = dialect{
	columns: words(`name label type hint guidance_hint default trigger bind control media parameters
		choice_filter choices itemset list_name instance actions query sms_field`),
	aliases: map[string][]string{
		"command": {"type"}, "tag": {"name"}, "value": {"name"}, "caption": {"label"},
		"sms_field": {"sms_field"}, "sms_option": {"sms_option"}, "sms_separator": {"sms_separator"},
		"sms_allow_media": {"sms_allow_media"}, "sms_date_format": {"sms_date_format"},
		"sms_datetime_format": {"sms_datetime_format"}, "sms_response": {"sms_response"},
		"compact_tag": {"instance", "odk:tag"},
		"read_only":   {"bind", "readonly"}, "readonly": {"bind", "readonly"},
		"relevant": {"bind", "relevant"}, "relevance": {"bind", "relevant"},
		"required":    {"bind", "required"},
		"constraint":  {"bind", "constraint"},
		"calculation": {"bind", "calculate"}, "calculate": {"bind", "calculate"},
		"constraining_message": {"bind", "jr:constraintMsg"}, "constraint_message": {"bind", "jr:constraintMsg"},
		"requiredmsg": {"bind", "jr:requiredMsg"}, "required_message": {"bind", "jr:requiredMsg"},
		"noapperrorstring": {"bind", "jr:noAppErrorString"}, "no_app_error_string": {"bind", "jr:noAppErrorString"},
		"save_to": {"bind", saveToAttr},
		"image":   {"media", "image"}, "big-image": {"media", "big-image"},
		"audio": {"media", "audio"}, "video": {"media", "video"},
		"appearance": {"control", "appearance"}, "autoplay": {"control", "autoplay"}, "rows": {"control", "rows"},
		"count": {"control", "jr:count"}, "repeat_count": {"control", "jr:count"}, "jr:count": {"control", "jr:count"},
		"body": {"control"},
	},
}

const saveToAttr = "entities:saveto"

var choicesDialect = dialect{
	columns: words(`name label media sms_option`),
	aliases: map[string][]string{
		"caption": {"label"}, "list_name": {listNameKey}, "value": {"name"},
		"image": {"media", "image"}, "big-image": {"media", "big-image"},
		"audio": {"media", "audio"}, "video": {"media", "video"},
	},
}

var settingsDialect = dialect{
	columns: words(`name label type title id_string version default_language style attribute namespaces
		instance_xmlns instance_name omit_instanceID public_key submission_url auto_send auto_delete
		client_editable allow_choice_duplicates add_none_option clean_text_values choices prefix delimiter
		sms_keyword sms_field sms_separator sms_allow_media sms_date_format sms_datetime_format sms_response
		bind control media instance hint flat file_name entity_version`),
	aliases: map[string][]string{
		"form_title": {"title"}, "set_form_title": {"title"},
		"form_id": {"id_string"}, "set_form_id": {"id_string"},
		"prefix": {"prefix"},
	},
}

var entitiesDialect = dialect{
	columns: words(`dataset entity_id create_if update_if repeat label`),
	aliases: map[string][]string{"list_name": {"dataset"}},
}

// settingRows are the settings that may also stand as a row of the survey sheet.
var settingRows = map[string]string{
	"form_title": "title", "set_form_title": "title",
	"form_id": "id_string", "set_form_id": "id_string", "prefix": "prefix",
}

// yesNo are the spellings of yes and no.
var yesNo = map[string]bool{
	"yes": true, "Yes": true, "YES": true, "true": true, "True": true, "TRUE": true, "true()": true,
	"no": false, "No": false, "NO": false, "false": false, "False": false, "FALSE": false, "false()": false,
}

// bindConversions turn yes and no into XPath, in the bind attributes that are expressions.
var bindConversions = map[string]string{
	"yes": "true()", "Yes": "true()", "YES": "true()", "true": "true()", "True": "true()", "TRUE": "true()",
	"no": "false()", "No": "false()", "NO": "false()", "false": "false()", "False": "false()", "FALSE": "false()",
}

var bindExpressions = map[string]bool{
	"readonly": true, "required": true, "relevant": true, "constraint": true, "calculate": true,
}

var mediaKinds = map[string]bool{"image": true, "big-image": true, "audio": true, "video": true}

var sheetNames = []string{"survey", "choices", "settings", "external_choices", "osm", "entities"}

// snakeCase gives the normal spelling of a header: "Guidance  Hint" -> "guidance_hint".
func snakeCase(s string) string {
	return strings.ToLower(strings.Join(strings.FieldsFunc(s, isSpace), "_"))
}

// path splits a header into its parts: "Label::French" -> [label French].
// exact reports whether the header already is the name of the column, which
// lets it stand beside an alias of itself.
func (d *dialect) path(header string, doubleColon bool) (parts []string, exact bool) {
	for _, h := range [...]string{header, snakeCase(header)} {
		if d.columns[h] && d.aliases[h] == nil {
			return []string{h}, h == header
		}
	}
	if doubleColon || strings.Contains(header, "::") {
		parts = strings.Split(header, "::")
	} else {
		parts = joinJR(strings.Split(header, ":"))
	}
	for i := range parts {
		parts[i] = strip(parts[i])
	}
	first := snakeCase(parts[0])
	if to := d.aliases[first]; to != nil {
		return append(append([]string{}, to...), parts[1:]...), len(to) == 1 && to[0] == header
	}
	if d.columns[first] {
		parts[0] = first
		return parts, first == header
	}
	return parts, true
}

// joinJR puts "jr:count" together again after a split at single colons.
func joinJR(parts []string) []string {
	for i := range parts {
		if strip(parts[i]) == "jr" && i+1 < len(parts) {
			joined := append(append([]string{}, parts[:i]...), "jr:"+strip(parts[i+1]))
			return append(joined, parts[i+2:]...)
		}
	}
	return parts
}
