//! Key pairs, made anew for each test.

use data_encoding::BASE64URL_NOPAD;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};

/// A pair with an id.
pub(crate) struct Pair {
    pub(crate) id: String,
    pub(crate) private_pem: String,
    pub(crate) public_pem: String,
    private_der: Vec<u8>,
}

impl Pair {
    pub(crate) fn elliptic() -> Self {
        Self::of(&KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key"), "ec-1")
    }

    pub(crate) fn rsa() -> Self {
        Self::of(&KeyPair::generate_for(&PKCS_RSA_SHA256).expect("a key"), "rsa-1")
    }

    fn of(pair: &KeyPair, id: &str) -> Self {
        Self {
            id: String::from(id),
            private_pem: pair.serialize_pem(),
            public_pem: pair.public_key_pem(),
            private_der: pair.serialize_der(),
        }
    }

    /// The private RSA key as a JWK, as the Admin Console shows it once.
    pub(crate) fn rsa_jwk(&self) -> String {
        // PKCS#8: version, algorithm, and the key as an octet string, which holds PKCS#1.
        let mut outer = Der(&self.private_der).enter(0x30);
        outer.skip();
        outer.skip();
        let inner = outer.content(0x04);
        let mut key = Der(inner).enter(0x30);
        key.skip();
        let mut number = || {
            let bytes = key.content(0x02);
            let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(0);
            BASE64URL_NOPAD.encode(&bytes[start..])
        };
        let parts: Vec<String> = ["n", "e", "d", "p", "q", "dp", "dq", "qi"]
            .iter()
            .map(|name| format!("\"{name}\":\"{}\"", number()))
            .collect();
        format!("{{\"kty\":\"RSA\",\"alg\":\"RS256\",\"use\":\"sig\",\"kid\":\"{}\",{}}}", self.id, parts.join(","))
    }

    /// The private EC key as a JWK.
    pub(crate) fn elliptic_jwk(&self) -> String {
        let mut outer = Der(&self.private_der).enter(0x30);
        outer.skip();
        outer.skip();
        let inner = outer.content(0x04);
        let mut key = Der(inner).enter(0x30);
        key.skip();
        let scalar = key.content(0x04);
        // The public key is the last thing in it: 04, x, y.
        let point = &self.private_der[self.private_der.len() - 64..];
        format!(
            "{{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"{}\",\"d\":\"{}\",\"x\":\"{}\",\"y\":\"{}\"}}",
            self.id,
            BASE64URL_NOPAD.encode(scalar),
            BASE64URL_NOPAD.encode(&point[..32]),
            BASE64URL_NOPAD.encode(&point[32..]),
        )
    }
}

/// Reads as much of DER as a key has.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    fn enter(mut self, tag: u8) -> Self {
        Self(self.content(tag))
    }

    fn skip(&mut self) {
        let tag = self.0[0];
        self.content(tag);
    }

    fn content(&mut self, tag: u8) -> &'a [u8] {
        assert_eq!(self.0[0], tag, "tag");
        let (length, at) = match self.0[1] {
            short @ 0..0x80 => (usize::from(short), 2),
            long => {
                let count = usize::from(long & 0x7f);
                (self.0[2..2 + count].iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte)), 2 + count)
            }
        };
        let (content, rest) = self.0[at..].split_at(length);
        self.0 = rest;
        content
    }
}
