// Package odata reads the query options of OData 4 that ODK Central understands: $filter,
// $select, $top, $skip, $skiptoken. It is pure; package central gives it rows and serves what
// it chooses.
//
//	f, err := odata.ParseFilter("year(__system/submissionDate) ge 2026 and __system/reviewState ne 'rejected'", fields)
//	keep := f.Match(func(field string) any { … }, now)
//	from, to := f.Range("__system/submissionDate", now)   // what a store may be asked for
//	state, ok := f.Equal("__system/reviewState")
//
// A filter knows lt le eq ne ge gt, and or not, brackets, the functions now year month day
// hour minute second, and literals: texts in single quotes (two for one inside), numbers,
// true, false, null, dates and times. A date alone is its first moment, and parts of a time
// are taken, in UTC, as Central does. `neq` is read as `ne`, for scripts that say so.
//
// Nothing (a field without value) equals nothing but null, so `ne 'rejected'` keeps a row that
// has no review. Before or after it there is nothing: lt, le, ge and gt are unknown then, as in
// SQL, and neither they nor their negation keep a row. (OData 4.01, part 2, section 5.1.1;
// Central asks PostgreSQL whether values are distinct.)
package odata
