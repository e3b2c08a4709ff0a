// Package entities keeps entity lists: what forms make and change beyond one submission
// (trees, shelters, families to visit), by the ODK Entities specification, which phones
// carry with them and choose from.
//
// A list is bound or free. A bound list is a register of the catalogue under its own name:
// what a form saves to it is a write to the register, under the sender's rights, and its rows
// are the register's rows. A register of cases or persons cannot be bound: a phone never
// carries a case. A free list is made by a form or through the API; its entities have a label
// and values, all of them texts.
//
//	service.Datasets(tx, subject, project)                    // lists, with kept counts
//	service.List(tx, subject, Query{Dataset: "trees"})        // a page of entities
//	service.Update(ctx, subject, project, "trees", id, Change{Base: 3, …})
//	service.CSV(ctx, subject, project, "trees", w)            // what a phone carries
//
// # Who sees what
//
// The access policy knows the register "entities": an entity belongs to the organisation and
// office of whoever made it, and to her. Each property has a privacy class, sensitive unless
// its form or a person said otherwise; the class decides who reads it, and identity and health
// never go to a phone. On a list for oneself alone (OwnOnly) entities count as restricted: only
// their makers see them, and those who may see restricted ones.
//
// # How it is kept
//
// A label can be a name and a value anything, so both lie sealed whatever their class, under a
// key of the entity, as persons have one. One key for a list would be quicker by a tenth of the
// time of a large export, but then nothing could be forgotten: Purge destroys the key of one
// entity, and with it the entity in every backup, as erasing does for a person.
// Labels are found again by their words in the blind index. What decides who sees an entity,
// its version and its times are plain columns, so that pages and counts open nothing.
//
// Every version stays: what it was, who wrote it, by which submission, on which version before.
// A change that was made on a version no longer the newest is applied all the same, as the
// specification asks; the entity is marked as in conflict, soft when the two changes touch
// different properties, hard when they set the same property differently, and a person looks
// at both and settles it. In a bound list the register's rule holds instead: the value that
// came first stays, the other waits beside it.
//
// A phone that was offline sends a branch of changes, each on the one before. When one arrives
// before its predecessor it is held, and applied when that one comes; or by Force, after days,
// as far as it goes.
//
// An interview that waits in the intake makes no entry of a free list: it becomes a person's
// case, and erasing her must reach everything that it brought.
//
// A submission is never refused for its entities. What could not be carried out is noted beside
// it, as codes that begin with "entity:".
package entities
