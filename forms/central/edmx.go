package central

import (
	"bytes"
	"encoding/xml"
	"strings"

	"aman/forms/export"
)

// entitySet is a table as EDMX describes one.
type entitySet struct {
	name       string
	system     string // the type of __system; empty where there is none
	properties []edmxProperty
}

type edmxProperty struct {
	name, typ  string
	navigation bool // a repeat
}

func (s *entitySet) add(name, typ string) {
	s.properties = append(s.properties, edmxProperty{name: name, typ: typ})
}

// The types of __system. Source: Central, OData metadata document.
const (
	submissionTypes = `<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="org.opendatakit.submission"><ComplexType Name="metadata">` +
		`<Property Name="submissionDate" Type="Edm.DateTimeOffset"/><Property Name="updatedAt" Type="Edm.DateTimeOffset"/><Property Name="deletedAt" Type="Edm.DateTimeOffset"/>` +
		`<Property Name="submitterId" Type="Edm.String"/><Property Name="submitterName" Type="Edm.String"/>` +
		`<Property Name="attachmentsPresent" Type="Edm.Int64"/><Property Name="attachmentsExpected" Type="Edm.Int64"/>` +
		`<Property Name="status" Type="org.opendatakit.submission.Status"/><Property Name="reviewState" Type="org.opendatakit.submission.ReviewState"/>` +
		`<Property Name="deviceId" Type="Edm.String"/><Property Name="edits" Type="Edm.Int64"/><Property Name="formVersion" Type="Edm.String"/></ComplexType>` +
		`<EnumType Name="Status"><Member Name="notDecrypted"/><Member Name="missingEncryptedFormData"/></EnumType>` +
		`<EnumType Name="ReviewState"><Member Name="hasIssues"/><Member Name="edited"/><Member Name="rejected"/><Member Name="approved"/></EnumType></Schema>`
	entityTypes = `<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="org.opendatakit.entity"><ComplexType Name="metadata">` +
		`<Property Name="createdAt" Type="Edm.DateTimeOffset"/><Property Name="creatorId" Type="Edm.String"/><Property Name="creatorName" Type="Edm.String"/>` +
		`<Property Name="updates" Type="Edm.Int64"/><Property Name="updatedAt" Type="Edm.DateTimeOffset"/><Property Name="version" Type="Edm.Int64"/><Property Name="conflict" Type="Edm.String"/>` +
		`</ComplexType></Schema>`
)

// edmxTypes are the types of answers in OData; any other is a text.
var edmxTypes = map[string]string{
	"int": "Edm.Int64", "integer": "Edm.Int64", "long": "Edm.Int64", "decimal": "Edm.Decimal", "double": "Edm.Decimal", "float": "Edm.Decimal", "boolean": "Edm.Boolean",
	"geopoint": "Edm.GeographyPoint", "geotrace": "Edm.GeographyLineString", "geoshape": "Edm.GeographyPolygon", "date": "Edm.Date", "dateTime": "Edm.DateTimeOffset",
}

// edmx writes the metadata document of a service: its tables (each with __id), and the
// groups inside them.
func edmx(namespace, container, systemTypes string, sets, groups []entitySet) []byte {
	var b bytes.Buffer
	at := func(s string) string {
		var out bytes.Buffer
		xml.EscapeText(&out, []byte(s))
		return out.String()
	}
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>` + systemTypes +
		`<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="` + at(namespace) + `">`)
	members := func(s entitySet) {
		for _, p := range s.properties {
			kind := "Property"
			if p.navigation {
				kind = "NavigationProperty"
			}
			b.WriteString(`<` + kind + ` Name="` + at(p.name) + `" Type="` + at(p.typ) + `"/>`)
		}
	}
	for _, s := range sets {
		b.WriteString(`<EntityType Name="` + at(s.name) + `"><Key><PropertyRef Name="__id"/></Key><Property Name="__id" Type="Edm.String"/>`)
		if s.system != "" {
			b.WriteString(`<Property Name="__system" Type="` + s.system + `"/>`)
		}
		members(s)
		b.WriteString(`</EntityType>`)
	}
	for _, g := range groups {
		b.WriteString(`<ComplexType Name="` + at(g.name) + `">`)
		members(g)
		b.WriteString(`</ComplexType>`)
	}
	b.WriteString(`<EntityContainer Name="` + at(container) + `">`)
	for _, s := range sets {
		b.WriteString(`<EntitySet Name="` + at(s.name) + `" EntityType="` + at(namespace+"."+s.name) + `">`)
		if s.system != "" {
			b.WriteString(`<Annotation Term="Org.OData.Capabilities.V1.ConformanceLevel" EnumMember="Org.OData.Capabilities.V1.ConformanceLevelType/Minimal"/>` +
				`<Annotation Term="Org.OData.Capabilities.V1.BatchSupported" Bool="false"/>` +
				`<Annotation Term="Org.OData.Capabilities.V1.CountRestrictions"><Record><PropertyValue Property="Countable" Bool="true"/></Record></Annotation>` +
				`<Annotation Term="Org.OData.Capabilities.V1.SortRestrictions"><Record><PropertyValue Property="Sortable" Bool="false"/></Record></Annotation>`)
		}
		b.WriteString(`</EntitySet>`)
	}
	b.WriteString(`</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>`)
	return b.Bytes()
}

// formMetadata describes the tables of a form, without what is hidden from this script.
func formMetadata(l *export.Layout, identity bool) []byte {
	namespace := "org.opendatakit.user." + export.Identifier(l.Form)
	sets := []entitySet{{name: "Submissions", system: "org.opendatakit.submission.metadata"}}
	var groups []entitySet
	type place struct {
		path string
		in   *[]entitySet
		n    int
	}
	open := []place{{"/" + rootName(l), &sets, 0}}
	for _, n := range l.Nodes() {
		for !strings.HasPrefix(n.Path, open[len(open)-1].path+"/") {
			open = open[:len(open)-1]
		}
		top := open[len(open)-1]
		here := &(*top.in)[top.n]
		name := export.Identifier(n.Name)
		switch {
		case n.Field != nil:
			if n.Field.Gone || n.Field.Hidden() && !identity {
				continue
			}
			typ := edmxTypes[n.Field.Type]
			if typ == "" {
				typ = "Edm.String"
			}
			here.add(name, typ)
		case n.Table != nil:
			here.properties = append(here.properties, edmxProperty{name, "Collection(" + namespace + "." + n.Table.Name + ")", true})
			set := entitySet{name: n.Table.Name}
			set.add("__"+strings.ReplaceAll(n.Table.Parent.Name, ".", "-")+"-id", "Edm.String")
			sets = append(sets, set)
			open = append(open, place{n.Path, &sets, len(sets) - 1})
		default:
			typ := strings.Join(identifiers(odkPath(n.Path)), ".")
			here.add(name, namespace+"."+typ)
			groups = append(groups, entitySet{name: typ})
			open = append(open, place{n.Path, &groups, len(groups) - 1})
		}
	}
	return edmx(namespace, l.Form, submissionTypes, sets, groups)
}

// identifiers are the steps of a path as OData names them.
func identifiers(path string) []string {
	steps := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i := range steps {
		steps[i] = export.Identifier(steps[i])
	}
	return steps
}

func rootName(l *export.Layout) string { return strings.TrimPrefix(l.Tables[0].Path, "/") }
