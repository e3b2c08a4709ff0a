package xpath

import (
	"crypto/ed25519"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

var cryptoFunctions = []Function{
	{Name: "digest", Args: "text, algorithm, encoding?", Min: 2, Max: 3, Eval: fnDigest,
		Doc: "The hash of the text: MD5, SHA-1, SHA-256, SHA-384 or SHA-512, in base64 or hex."},
	{Name: "base64-decode", Args: "text", Min: 1, Max: 1, Eval: fnBase64Decode,
		Doc: "The text that was encoded, or nothing where it is not base64."},
	{Name: "extract-signed", Args: "contents, public-key", Min: 2, Max: 2, Eval: fnExtractSigned,
		Doc: "The message in base64 contents that begin with its Ed25519 signature, or nothing where the signature is wrong."},
	{Name: "uuid", Args: "length?", Max: 1, Volatile: true, Eval: fnUUID,
		Doc: "A random UUID, or a random text of a length."},
}

var hashes = map[string]func([]byte) []byte{
	"MD5":     func(b []byte) []byte { s := md5.Sum(b); return s[:] },
	"SHA-1":   func(b []byte) []byte { s := sha1.Sum(b); return s[:] },
	"SHA-256": func(b []byte) []byte { s := sha256.Sum256(b); return s[:] },
	"SHA-384": func(b []byte) []byte { s := sha512.Sum384(b); return s[:] },
	"SHA-512": func(b []byte) []byte { s := sha512.Sum512(b); return s[:] },
}

var encodings = map[string]func([]byte) string{
	"base64": base64.StdEncoding.EncodeToString,
	"hex":    hex.EncodeToString,
}

func fnDigest(a *Arguments) Value {
	text, algorithm, encoding := a.Text(0), a.Text(1), "base64"
	if a.Has(2) {
		encoding = a.Text(2)
	}
	if a.e.AnyCase {
		encoding = strings.ToLower(encoding)
		algorithm = strings.ToUpper(algorithm)
		if bits, ok := strings.CutPrefix(algorithm, "SHA"); ok && !strings.HasPrefix(bits, "-") {
			algorithm = "SHA-" + bits
		}
	}
	hash, encode := hashes[algorithm], encodings[encoding]
	switch {
	case a.e.err != nil:
		return Value{}
	case hash == nil:
		a.Fail("digest has no such algorithm%s: write MD5, SHA-1, SHA-256, SHA-384 or SHA-512", a.said(1))
		return Value{}
	case encode == nil:
		a.Fail("digest has no such encoding%s: write base64 or hex", a.said(2))
		return Value{}
	}
	return a.made(encode(hash([]byte(text))))
}

// decodeBase64 ignores white space and wants the padding.
func decodeBase64(s string) ([]byte, bool) {
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	return b, err == nil
}

func fnBase64Decode(a *Arguments) Value {
	b, ok := decodeBase64(a.Text(0))
	if !ok {
		return StringValue("")
	}
	return a.made(strings.ToValidUTF8(string(b), string(utf8.RuneError)))
}

func fnExtractSigned(a *Arguments) Value {
	contents, ok := decodeBase64(a.Text(0))
	key, ok2 := decodeBase64(a.Text(1))
	if !ok || !ok2 || len(key) != ed25519.PublicKeySize || len(contents) < ed25519.SignatureSize {
		return StringValue("")
	}
	signature, message := contents[:ed25519.SignatureSize], contents[ed25519.SignatureSize:]
	if !ed25519.Verify(key, message, signature) {
		return StringValue("")
	}
	return a.made(strings.ToValidUTF8(string(message), string(utf8.RuneError)))
}

func fnUUID(a *Arguments) Value {
	if !a.Has(0) {
		hi, lo := a.e.random(), a.e.random()
		hi = hi&^0xf000 | 0x4000     // version 4
		lo = lo&^(3<<62) | (1 << 63) // variant of RFC 9562
		s := fmt.Sprintf("%016x%016x", hi, lo)
		return a.made(s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:])
	}
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	n := a.Number(0)
	if math.IsNaN(n) {
		a.Fail("uuid needs a length")
		return Value{}
	}
	length := max(0, toInt32(n))
	if !a.e.hold(min(length, a.e.maxText+1)) || length > a.e.maxText {
		a.e.failWith(ErrLimit, "uuid cannot make a text of %d characters", length)
		return Value{}
	}
	var b strings.Builder
	for b.Len() < length && a.e.spend(1) {
		bits := a.e.random()
		for k := 0; k < 8 && b.Len() < length; k++ { // 8 characters of 36 take less than 42 of 64 bits
			b.WriteByte(alphabet[bits%36])
			bits /= 36
		}
	}
	return a.made(b.String())
}
