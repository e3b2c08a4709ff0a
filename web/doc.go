// Package web is the face for people: pages rendered on the server, readable without
// script, in English, Urdu (right to left) and Indonesian.
//
// A page is a handler, a Go value and a template of the same name (cases.go,
// templates/cases.html). A handler asks the engines as the subject who is signed in and
// gives its value to render; what a page may show was decided below, never here.
//
// What a caseworker does to a case is a table of acts (acts.go): each has its fields and
// what it does with them. One page shows any of them, keeps what was typed when
// something does not fit, names the field, and acts once however often it is sent.
//
// A refusal shows as "not found" and is in the audit log. Every page has a quick exit,
// prints, and works at 64 kbit/s: one stylesheet, one small script, no fonts, no calls
// to anywhere else.
//
// Filling in a form in the browser is the one page that needs script: fill.go and
// fillsend.go serve it, the folder fill has its sources (its src/main.js is where to begin
// reading), assets/fill what scripts/webforms builds of them.
//
// Texts are in texts/*.yaml; a page names them by key.
package web
