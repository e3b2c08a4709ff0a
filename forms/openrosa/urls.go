package openrosa

import "net/url"

// urls are the addresses that answers hold.
type urls struct {
	base  string
	shape shape
}

// shape is how the addresses of what belongs to a form are put together.
type shape int

const (
	ofCentral shape = iota
	ofKobo
	ofDraft // one form: its id is in the base
)

// noVersion stands in an address for the empty version.
const noVersion = "___"

func escape(s string) string { return url.PathEscape(s) }

func (u urls) form(id string) string {
	switch u.shape {
	case ofKobo:
		return u.base + "/forms/" + escape(id) + "/form.xml"
	case ofDraft:
		return u.base + ".xml"
	}
	return u.base + "/forms/" + escape(id) + ".xml"
}

func (u urls) manifest(id string) string {
	switch u.shape {
	case ofKobo:
		return u.base + "/xformsManifest/" + escape(id)
	case ofDraft:
		return u.base + "/manifest"
	}
	return u.base + "/forms/" + escape(id) + "/manifest"
}

func (u urls) media(id, name string) string {
	switch u.shape {
	case ofKobo:
		return u.base + "/xformsMedia/" + escape(id) + "/" + escape(name)
	case ofDraft:
		return u.base + "/attachments/" + escape(name)
	}
	return u.base + "/forms/" + escape(id) + "/attachments/" + escape(name)
}

// version is the base of what belongs to one version of a form.
func (u urls) version(id, version string) string {
	if version == "" {
		version = noVersion
	}
	return u.base + "/forms/" + escape(id) + "/versions/" + escape(version)
}
