// Package crypt opens and makes encrypted submissions, as ODK Collect sends them, and
// keeps the private keys that open them.
//
// A form with a public key (submission/@base64RsaPublicKey) is encrypted on the phone: what
// it posts is an envelope in place of the answers, and every file, the answers too, comes as
// NAME.enc. A server without the private key can store it and learns nothing but the form,
// the version, the instance id, and how large everything is.
//
//	private, err := crypt.ParsePrivate(pem)            // or managed.Unlock(passphrase)
//	opened, err := crypt.Open(private, envelope, func(name string) ([]byte, error) { … })
//	opened.XML, opened.Media, opened.Missing, opened.Signature
//
// To go through large submissions in little memory, take it file by file:
//
//	e, err := crypt.ParseEnvelope(xml)
//	key, err := e.Unlock(private)
//	for i, name := range e.Files() { plain, err := key.Open(i, sealed) }
//
// The scheme (ODK XForms specification, "encrypted submissions"; the order of the signed
// lines as Collect writes them): one AES-256 key for each submission, wrapped by RSA-OAEP
// with SHA-256; each file under AES-CFB with PKCS#7 padding; the IV is MD5(instance id ‖ key),
// of which byte n mod 16 is incremented before file n, media first and the answers last. The
// signature is the MD5 of what was encrypted, encrypted to the public key. It tells a damaged
// or exchanged file from a whole one. It does not tell who wrote: everybody has the public
// key, and CFB with MD5 does not withstand somebody who can change what is stored. Safety on
// the way and at rest comes from https and the vault, this comes on top of them.
//
// Managed keys are made here and kept under a passphrase that is never stored:
//
//	m, err := crypt.NewManaged(passphrase)             // m.Public goes into the form, m is stored
//	form, err := crypt.Inject(xml, m.Public, " encrypted") // phones fetch this form
//	private, err := m.Unlock(passphrase)               // ErrPassphrase when it is another
//
// Whoever loses the passphrase loses the answers; nobody can help, by design. No entity is
// made of an encrypted submission, because the server cannot read it.
//
// The package takes values and returns values; it imports nothing of this module, so that
// another program can use it.
package crypt
