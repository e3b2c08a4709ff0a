// Package block reads what a form and its submissions say about entities, by the ODK
// Entities specification (https://getodk.github.io/xforms-spec/entities), versions 2022.1
// (create), 2023.1 (update), 2024.1 (offline: trunkVersion, branchId) and 2025.1 (several
// entities in a form, entities in repeats).
//
// A form declares a list with an element meta/entity in its instance, and says with the
// attribute saveto of a bind which answer becomes which property:
//
//	declared, err := block.Declared(form)      // once, when a form is published
//	blocks, err := block.Read(body, declared)  // for each submission
//
// It is pure: values in, values out. What becomes of the blocks is package entities' work.
package block
