"""Makes the vectors of this folder with another implementation of the scheme than ours:
Python's `cryptography` (OpenSSL). Run: python3 make.py. Needs cryptography >= 42.

vectors.json holds, for each case, the private key, the secret AES key (so that what we
encrypt can be compared byte for byte with what OpenSSL encrypts), the envelope, and the
files in clear and encrypted. Private keys here are for tests alone. A run makes new keys.
"""
import base64, hashlib, json, os
from xml.sax.saxutils import escape, quoteattr
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding as asym, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
try:
    from cryptography.hazmat.decrepit.ciphers.modes import CFB
except ImportError:
    from cryptography.hazmat.primitives.ciphers.modes import CFB


def case(name, version, media, bits=2048, mask=hashes.SHA256(), pkcs1=False):
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    oaep = asym.OAEP(mgf=asym.MGF1(algorithm=mask), algorithm=hashes.SHA256(), label=None)
    form, instance = "a form/é & more", "uuid:5b9b2a05-5e4c-4b0e-9c1a-2f6a1d6e7c00"
    secret = os.urandom(32)
    b64 = lambda b: base64.b64encode(b).decode()
    wrapped = b64(key.public_key().encrypt(secret, oaep))
    seed = bytearray(hashlib.md5(instance.encode() + secret).digest())
    lines = [form] + ([version] if version is not None else []) + [wrapped, instance]
    answers = ('<data id=%s><name>زرمینہ (invented)</name><meta><instanceID>%s</instanceID></meta></data>' % (quoteattr(form), instance)).encode()
    files = []
    for n, (fname, body) in enumerate(media + [("submission.xml", answers)]):
        seed[n % 16] = (seed[n % 16] + 1) % 256
        pad = padding.PKCS7(128).padder()
        padded = pad.update(body) + pad.finalize()
        enc = Cipher(algorithms.AES(secret), CFB(bytes(seed))).encryptor()
        files.append({"name": fname, "plain": b64(body), "sealed": b64(enc.update(padded) + enc.finalize())})
        lines.append(fname + "::" + hashlib.md5(body).hexdigest())
    digest = hashlib.md5("".join(l + "\n" for l in lines).encode()).digest()
    envelope = '<?xml version=\'1.0\' encoding=\'UTF-8\' standalone=\'yes\' ?><data id=%s%s encrypted="yes" xmlns="http://opendatakit.org/submissions"><base64EncryptedKey>%s</base64EncryptedKey><n0:meta xmlns:n0="http://openrosa.org/xforms"><n0:instanceID>%s</n0:instanceID></n0:meta>' % (
        quoteattr(form), "" if version is None else " version=" + quoteattr(version), wrapped, instance)
    for fname, _ in media:
        envelope += "<media><file>%s.enc</file></media>" % escape(fname)
    envelope += "<encryptedXmlFile>submission.xml.enc</encryptedXmlFile><base64EncryptedElementSignature>%s</base64EncryptedElementSignature></data>" % b64(key.public_key().encrypt(digest, oaep))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL if pkcs1 else serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {"case": name, "form": form, "version": version, "instance": instance, "private": private.decode(), "public": b64(public),
            "secret": b64(secret), "envelope": envelope, "files": files}


many = [("file%02d.bin" % n, bytes([n]) * n) for n in range(35)]  # the IV's bytes go round twice; every padding
json.dump([
    case("answers alone", "2026033101", []),
    case("no version, photo and sound", None, [("photo & 1.jpg", os.urandom(1000)), ("آواز.m4a", b"")], pkcs1=True),
    case("an empty version, 35 files", "", many),
    case("4096 bits", "v", [("a.jpg", b"a")], bits=4096),
    case("a phone whose mask function is SHA-1", "v", [("a.jpg", b"a")], mask=hashes.SHA1()),
], open("vectors.json", "w"), ensure_ascii=False, indent=1)
