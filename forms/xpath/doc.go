// Package xpath evaluates the XPath of ODK forms.
package xpath
