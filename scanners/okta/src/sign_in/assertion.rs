//! The signed assertion of a service app (RFC 7523, `private_key_jwt`).

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use scan_contract::{Cause, Instant};
use scan_transport::Secret;
use secrecy::ExposeSecret;
use serde::Serialize;

use super::jwk;

/// Seconds an assertion is good for. Okta allows an hour.
const LIFETIME: i64 = 300;

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
}

/// Signs an assertion for `audience`. The key is PEM (RSA or EC P-256) or a JWK.
pub(super) fn sign(
    client_id: &str,
    key_id: Option<&str>,
    audience: &str,
    now: Instant,
    key: &Secret,
) -> Result<Secret, Cause> {
    let text = key.expose_secret().trim();
    let (algorithm, encoding, own_id) = if text.starts_with('{') {
        let key = jwk::read(text)?;
        (key.algorithm, key.encoding, key.id)
    } else {
        let (algorithm, encoding) = read_pem(text)?;
        (algorithm, encoding, None)
    };
    let mut header = Header::new(algorithm);
    header.kid = key_id.map(String::from).or(own_id);
    let iat = now.timestamp();
    let claims = Claims { aud: audience, iss: client_id, sub: client_id, iat, exp: iat + LIFETIME };
    // The library's error may quote key material; only that it failed is told.
    encode(&header, &claims, &encoding).map(Secret::from).map_err(|_| unusable("it cannot sign"))
}

fn read_pem(text: &str) -> Result<(Algorithm, EncodingKey), Cause> {
    if let Ok(key) = EncodingKey::from_rsa_pem(text.as_bytes()) {
        return Ok((Algorithm::RS256, key));
    }
    match EncodingKey::from_ec_pem(text.as_bytes()) {
        Ok(key) => Ok((Algorithm::ES256, key)),
        Err(_) => Err(unusable("it is neither PEM of an RSA or EC P-256 key nor a JWK")),
    }
}

pub(super) fn unusable(why: &str) -> Cause {
    Cause::Unauthenticated { detail: format!("the private key of the service app cannot be used: {why}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_no_key_is_refused_without_being_quoted() {
        let now = "2026-08-02T00:00:00Z".parse().expect("an instant");
        for text in ["hunter2-canary", "{\"kty\":\"RSA\",\"d\":\"hunter2-canary\"}", "{", ""] {
            let Err(cause) = sign("0oa1", None, "https://x", now, &Secret::from(text)) else {
                panic!("{text:?} must be refused");
            };
            assert!(matches!(cause, Cause::Unauthenticated { .. }));
            assert!(!cause.to_string().contains("canary"), "{cause}");
        }
    }
}
