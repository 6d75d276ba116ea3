//! A private key in JSON (RFC 7517, RFC 7518 section 6), as the Admin Console of Okta shows it once.
//!
//! The signing library takes keys in DER; what is written here is the PKCS#1 form of an RSA key (RFC 8017 A.1.2) and the
//! PKCS#8 form of an EC key (RFC 5958, RFC 5915), nothing more.

use jsonwebtoken::{Algorithm, EncodingKey};
use scan_contract::Cause;
use serde::Deserialize;

use super::assertion::unusable;

/// A key that can sign.
pub(super) struct PrivateKey {
    pub(super) algorithm: Algorithm,
    pub(super) encoding: EncodingKey,
    pub(super) id: Option<String>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<String>,
    p: Option<String>,
    q: Option<String>,
    dp: Option<String>,
    dq: Option<String>,
    qi: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// Reads a private JWK.
pub(super) fn read(text: &str) -> Result<PrivateKey, Cause> {
    let jwk: Jwk = serde_json::from_str(text).map_err(|_| unusable("it is no JWK"))?;
    match jwk.kty.as_str() {
        "RSA" => {
            let algorithm = match jwk.alg.as_deref() {
                None | Some("RS256") => Algorithm::RS256,
                Some("RS384") => Algorithm::RS384,
                Some("RS512") => Algorithm::RS512,
                Some(_) => return Err(unusable("its alg is not RS256, RS384 or RS512")),
            };
            let encoding = EncodingKey::from_rsa_der(&rsa(&jwk)?);
            Ok(PrivateKey { algorithm, encoding, id: jwk.kid })
        }
        "EC" if jwk.crv.as_deref() == Some("P-256") => {
            let encoding = EncodingKey::from_ec_der(&elliptic(&jwk)?);
            Ok(PrivateKey { algorithm: Algorithm::ES256, encoding, id: jwk.kid })
        }
        _ => Err(unusable("its kty is not RSA, nor EC with P-256")),
    }
}

fn number(part: Option<&String>) -> Result<Vec<u8>, Cause> {
    use data_encoding::BASE64URL_NOPAD;
    let text = part.ok_or_else(|| unusable("the JWK lacks a part of the private key"))?;
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| unusable("a part of the JWK is not base64url"))
}

fn rsa(jwk: &Jwk) -> Result<Vec<u8>, Cause> {
    let mut body = integer(&[0]);
    for part in [&jwk.n, &jwk.e, &jwk.d, &jwk.p, &jwk.q, &jwk.dp, &jwk.dq, &jwk.qi] {
        body.extend(integer(&number(part.as_ref())?));
    }
    Ok(wrapped(0x30, &body))
}

fn elliptic(jwk: &Jwk) -> Result<Vec<u8>, Cause> {
    /// `id-ecPublicKey` and `prime256v1`.
    const ALGORITHM: &[u8] = &[
        0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
        0x03, 0x01, 0x07,
    ];
    let (scalar, x, y) = (number(jwk.d.as_ref())?, number(jwk.x.as_ref())?, number(jwk.y.as_ref())?);
    if scalar.len() != 32 || x.len() != 32 || y.len() != 32 {
        return Err(unusable("the numbers of the JWK are not those of P-256"));
    }
    let mut point = vec![0x00, 0x04];
    point.extend(x);
    point.extend(y);
    let mut key = integer(&[1]);
    key.extend(wrapped(0x04, &scalar));
    key.extend(wrapped(0xa1, &wrapped(0x03, &point)));
    let mut body = integer(&[0]);
    body.extend_from_slice(ALGORITHM);
    body.extend(wrapped(0x04, &wrapped(0x30, &key)));
    Ok(wrapped(0x30, &body))
}

/// A DER integer that is not negative.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let significant = &bytes[start..];
    let mut body = Vec::with_capacity(significant.len() + 1);
    if significant.first().is_none_or(|byte| *byte >= 0x80) {
        body.push(0);
    }
    body.extend_from_slice(significant);
    wrapped(0x02, &body)
}

/// Tag, length and content (X.690 8.1).
fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if length < 0x80 {
        out.push(low_byte(length));
    } else {
        let bytes = length.to_be_bytes();
        let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
        let significant = &bytes[start..];
        out.push(0x80 | low_byte(significant.len()));
        out.extend_from_slice(significant);
    }
    out.extend_from_slice(content);
    out
}

fn low_byte(number: usize) -> u8 {
    number.to_le_bytes()[0]
}
