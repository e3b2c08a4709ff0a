// Package signin proves who somebody is, and nothing else: what she may then do is
// package access. It speaks no HTTP; the caller keeps the cookies.
//
//	svc, err := signin.New(db, signin.Config{Key: key, Origin: "https://aman.example.org"})
//	session, err := svc.SignIn(ctx, login, password, code, from)  // session.Token goes into a cookie
//	subject, err := svc.Session(ctx, token)                       // at each request
//
// # Passwords
//
// Argon2id (RFC 9106) with 19 MiB, 2 passes, 1 lane: the first choice of the OWASP
// Password Storage Cheat Sheet for a server that must not spend more memory. Two hashes
// run at a time and the rest wait, so sign-in never takes more than 38 MiB. A hash made
// with other parameters is made anew at the next sign-in. A password has 12 characters
// or more and enough in it that is not a common word, a row of keys, a number, or the
// login (NIST SP 800-63B-4, section 3.1.1.2: length and a blocklist, no other rules).
//
// # Second factor
//
// A one-time code (RFC 6238, 30 s, one step of tolerance) whose secret is sealed by a key
// that is not in the database; a step is never accepted twice. Ten recovery codes, each
// for once. Or a passkey (WebAuthn level 3) with user verification, which is both factors
// in one. When the password is right and the code is missing, SignIn answers *CodeNeeded
// with a ticket for five tries within five minutes.
//
// # The same answer
//
// An unknown login, a disabled account, an account without password and a wrong password
// get the same error after the same work: one look-up, one hash, the same writes.
//
// # Slowing down guessing, not people
//
// There is no lock-out, for whoever can lock an account can keep a caseworker from her
// cases. Instead token buckets in the database, shared by all nodes, taken from before the
// hash and given back when the sign-in succeeds:
//
//	login and network    10 tries, then one a minute    guessing one account
//	network              100 tries, then 30 a minute    one password against many accounts
//	login, anywhere      60 tries, then one in 2 min    guessing one account from many networks
//
// A network is the /24 of an IPv4 or the /48 of an IPv6 address. Only the third could be
// emptied by strangers from elsewhere. It is therefore not asked in a browser that has
// signed this user in before: that has a cookie of its own (Session.Browser), with its
// own bucket of 10 tries and one a minute. Nor is it asked for a passkey, which cannot be
// guessed. So strangers can at most keep somebody from using a password in a browser she
// never used, while they go on. Buckets have keyed hashes for names, never a login or an
// address.
//
// # Sessions
//
// A token of 256 random bits, of which the database keeps the hash. A session ends after
// 30 minutes unused or 12 hours, when it is revoked, when the password changes, or when
// the user or the organisation is disabled. Several at once are usual: laptop and phone.
//
// # Device tokens
//
// 64 URL-safe characters in the place where ODK Central puts an app user's token. A token
// that is malformed, unknown or revoked gives each its own error; all are refused.
//
// # Program passwords
//
// A script cannot type a one-time code, and a script that held its user's password would make
// the second factor worth nothing. So a script has a password of its own: 256 random bits,
// made by the user once she has proved who she is again, shown once, for at most a year. It
// opens the interface for programs (package forms/central) and no page, gives the rights its
// user has at that moment, and shows identity values only when it was made so (Names). It ends
// with everything else when she changes her password or signs out everywhere. It cannot be
// guessed, so only wrong ones are counted in the buckets above (login and network, network).
//
// No error, and nothing given to Config.Record, holds a login, a name, an address, a
// password, a code or a token.
package signin
