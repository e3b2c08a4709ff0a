// Package product turns a release into what is published: a folder of files that a stranger can read, cite, check
// and load, and that says how far it can be trusted.
//
//	profile := product.GlobalSynthetic(2015, 2025, countries)      // which columns, with labels in three languages
//	r, err := synth.Run(ctx, profile.Domain(), table, grant, options)
//	in := product.DP{Info: info, Profile: profile, Release: r, Epsilon: 4, Delta: 1e-6, Rho: rho}
//	folder, err := in.Folder(key)                                 // []File; add the website: in.Folder(key, site...)
//	err = folder.Zip(w)
//	manifest, err := product.Verify(os.DirFS("release"), publicKey) // by whoever received it
//
// # The folder
//
//	README.txt  TERMS.txt  CITATION.cff  CITATION.txt
//	data/microdata.csv   the records, in the profile's columns
//	data/aggregates.csv  counts of combinations with 95 % intervals
//	codebook/            every column and code: CSV, and a page in each language that prints well
//	report/              how far it can be trusted, as pages and as JSON
//	showcase/            the website, where one was made (package aman/release/showcase)
//	hxl/                 the two files again with a row of HXL tags, where asked for
//	datapackage.json     the columns for machines (Frictionless Data Package)
//	manifest.json        how it was made, what it cost, the SHA-256 of every other file
//	manifest.sig         Ed25519 signature of manifest.json, 64 bytes
//	public-key.pem       the key that signed
//
// The signature can be checked without this program:
//
//	openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in manifest.json -sigfile manifest.sig
//
// # What can be in it
//
// The folder is made of released values alone. A DP has no field that could hold a true table: what it holds is the
// synth.Release, which depends on the records through noise only. Counts under the publication threshold, and counts
// that synth does not support, are left out of every file. A K is measured again before anything is written, and
// refused when records are alike by fewer than K.
//
// The same input gives the same bytes, so that a folder can be made again and compared.
//
// Schemas: the columns of the Global Synthetic Dataset (2024 edition) and of the k-anonymised Global Dataset of the
// Counter-Trafficking Data Collaborative, ctdatacollaborative.org, are facts of its codebook and files (ctdc.yaml).
package product
