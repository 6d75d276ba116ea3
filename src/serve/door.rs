//! Who may ask, and under which name: sign-in, host names, certificate.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use tokio_rustls::rustls::ServerConfig;

use crate::config::ServeConfig;
use crate::credentials::Password;

/// What a listener stands on. It is fixed when the service starts: changing it needs a restart, since half of a new
/// configuration on an old listener could open what the new one means to close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Configured address.
    pub listen: SocketAddr,
    /// Whether it shows a certificate.
    pub encrypted: bool,
    /// Whether a bearer signs in.
    pub bearer: bool,
    /// Whether a client certificate signs in.
    pub client_ca: bool,
}

impl Shape {
    /// The shape that settings ask for.
    pub fn of(settings: &ServeConfig) -> Self {
        Self {
            listen: settings.listen,
            encrypted: settings.tls.is_some(),
            bearer: settings.bearer.is_some(),
            client_ca: settings.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some()),
        }
    }

    /// Whether anybody can sign in.
    pub fn has_sign_in(&self) -> bool {
        self.bearer || self.client_ca
    }
}

/// Who may ask, and what is shown to them before.
#[derive(Debug)]
pub struct Door {
    /// What it stands on.
    pub shape: Shape,
    /// Host names under which it may be asked, in small letters.
    pub names: Vec<String>,
    /// The bearer.
    pub bearer: Option<Password>,
    /// Certificate and key, with the authority of client certificates.
    pub tls: Option<Arc<ServerConfig>>,
}

/// Whether somebody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// By bearer or client certificate.
    Known,
    /// Nothing was offered.
    Nothing,
    /// What was offered is wrong.
    Wrong,
}

impl Door {
    /// Holds what a request offers against what is known.
    pub fn sign_in(&self, headers: &HeaderMap, certificate: bool) -> SignIn {
        if certificate && self.shape.client_ca {
            return SignIn::Known;
        }
        let mut offered = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (offered.next(), offered.next()) else {
            return if headers.contains_key(AUTHORIZATION) { SignIn::Wrong } else { SignIn::Nothing };
        };
        let known = self.bearer.as_ref().zip(secret_of(value.as_bytes()));
        match known {
            Some((bearer, offered)) if bearer.matches(&offered) => SignIn::Known,
            Some(_) | None => SignIn::Wrong,
        }
    }

    /// Whether a request for this host is for us. A page of somebody else can make a browser ask us under its own name
    /// (DNS rebinding), but never under an address in digits.
    pub fn answers_for(&self, host: &str) -> bool {
        let Some(name) = host_name(host) else { return false };
        if name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok() {
            return true;
        }
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        (name == "localhost" && self.shape.listen.ip().to_canonical().is_loopback())
            || self.names.iter().any(|known| known == name)
    }
}

/// The name or address of a `Host` header, without its port.
fn host_name(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.find(']')) {
        Some(end) => host.split_at(end + 2),
        None => host.find(':').map_or((host, ""), |colon| host.split_at(colon)),
    };
    let port = port.strip_prefix(':').unwrap_or(port);
    (!name.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
}

/// The secret of an `Authorization` header: a bearer token (RFC 6750), or the password of Basic (RFC 7617).
fn secret_of(value: &[u8]) -> Option<Vec<u8>> {
    let space = value.iter().position(|byte| *byte == b' ')?;
    let (scheme, rest) = value.split_at(space);
    let rest = rest.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return Some(rest.to_vec());
    }
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    match data_encoding::BASE64.decode(rest) {
        Ok(plain) => plain.iter().position(|byte| *byte == b':').map(|colon| plain[colon + 1..].to_vec()),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Secret;

    const SECRET: &str = "correct-horse-battery-staple";

    fn door(bearer: bool) -> Door {
        let listen = "127.0.0.1:9911".parse().unwrap();
        let shape = Shape { listen, encrypted: false, bearer, client_ca: false };
        let bearer = bearer.then(|| Password::new(&Secret::from(SECRET), [7; 16]).unwrap());
        Door { shape, names: vec![String::from("holdover.acme.example")], bearer, tls: None }
    }

    fn offering(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn a_bearer_and_a_password_sign_in_and_anything_else_does_not() {
        let door = door(true);
        let basic = |text: &str| offering(&format!("Basic {}", data_encoding::BASE64.encode(text.as_bytes())));
        assert_eq!(door.sign_in(&offering(&format!("Bearer {SECRET}")), false), SignIn::Known);
        assert_eq!(door.sign_in(&basic(&format!("anybody:{SECRET}")), false), SignIn::Known);
        assert_eq!(door.sign_in(&basic(&format!("{SECRET}:other")), false), SignIn::Wrong);
        for wrong in ["Bearer ", "Bearer correct-horse-battery-stapl", "Digest x", "Basic !!", SECRET] {
            assert_eq!(door.sign_in(&offering(wrong), false), SignIn::Wrong, "{wrong}");
        }
        assert_eq!(door.sign_in(&HeaderMap::new(), false), SignIn::Nothing);
        // A certificate counts only where an authority of clients is configured.
        assert_eq!(door.sign_in(&HeaderMap::new(), true), SignIn::Nothing);
    }

    #[test]
    fn two_authorizations_are_none() {
        let mut headers = offering(&format!("Bearer {SECRET}"));
        headers.append(AUTHORIZATION, "Bearer other".parse().unwrap());
        assert_eq!(door(true).sign_in(&headers, false), SignIn::Wrong);
    }

    #[test]
    fn without_a_bearer_nothing_that_is_offered_signs_in() {
        assert_eq!(door(false).sign_in(&offering("Bearer "), false), SignIn::Wrong);
    }

    #[test]
    fn names_that_are_ours_and_addresses_in_digits_are_answered_and_other_names_are_not() {
        let door = door(true);
        for ours in
            ["127.0.0.1:9911", "[::1]:9911", "localhost:9911", "LOCALHOST", "Holdover.acme.example.", "10.1.2.3"]
        {
            assert!(door.answers_for(ours), "{ours}");
        }
        for other in [
            "evil.example",
            "holdover.acme.example.evil.example:9911",
            "",
            ":9911",
            "localhost:x",
            "127.0.0.1.evil.example",
        ] {
            assert!(!door.answers_for(other), "{other}");
        }
    }
}
