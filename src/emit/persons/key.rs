//! The key behind pseudonyms. It lives in the state directory; without it a pseudonym cannot be led back or guessed.

use std::fmt;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use scan_contract::GrantId;
use sha2::Sha256;

use crate::roster::PersonId;

/// Key for pseudonyms: 32 random bytes, one per state directory.
#[derive(Clone, PartialEq, Eq)]
pub struct PseudonymKey([u8; 32]);

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PseudonymKey(…)")
    }
}

impl PseudonymKey {
    /// Takes 32 bytes from a source of randomness or from the state directory.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Pseudonym of a person: stable under one key, 64 bits.
    pub fn person(&self, person: &PersonId) -> PersonId {
        PersonId::new(format!("anon-{}", self.digest("person", person.as_str())))
    }

    /// A grant id that leads nobody to an account. Opaque ids keep four characters at each end, as an operator needs
    /// them to find a key; ids that may be a login, address or path keep none.
    pub fn grant(&self, grant: &GrantId) -> GrantId {
        GrantId::new(self.mask("grant", grant.as_str()))
    }

    /// The same for other texts that point at something: a target, a part of a scope.
    pub fn mask(&self, domain: &str, text: &str) -> String {
        if is_opaque(text) {
            let characters: Vec<char> = text.chars().collect();
            let head: String = characters[..4].iter().collect();
            let tail: String = characters[characters.len() - 4..].iter().collect();
            return format!("{head}…{tail}");
        }
        format!("{domain}-{}", self.digest(domain, text))
    }

    /// HMAC-SHA-256 over the domain, a zero byte and the text; the first 8 bytes as hex.
    fn digest(&self, domain: &str, text: &str) -> String {
        // HMAC takes keys of any length; `new_from_slice` cannot refuse 32 bytes, and an empty mac is never used.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return String::from("withheld");
        };
        mac.update(domain.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        HEXLOWER.encode(&mac.finalize().into_bytes()[..8])
    }
}

/// Upper-case letters and digits only, at least 16 of them, such as a cloud key id: nothing of a person shows.
fn is_opaque(text: &str) -> bool {
    text.len() >= 16
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_stable_under_one_key_and_differs_under_another() {
        let one = PseudonymKey::new([1; 32]);
        let two = PseudonymKey::new([2; 32]);
        let person = PersonId::new("00417");
        assert_eq!(one.person(&person), one.person(&person));
        assert_ne!(one.person(&person), two.person(&person));
        assert_ne!(one.person(&person), one.person(&PersonId::new("00418")));
    }

    #[test]
    fn key_ids_keep_their_ends_and_logins_keep_nothing() {
        let key = PseudonymKey::new([1; 32]);
        assert_eq!(key.grant(&GrantId::new("AKIAIOSFODNN7EXAMPLE")).as_str(), "AKIA…MPLE");
        for telling in ["ada.example@acme.example", "arn:aws:iam::111122223333:user/ada", "alovelace", "tok_81"] {
            let masked = key.grant(&GrantId::new(telling));
            assert!(masked.as_str().starts_with("grant-"), "{masked}");
            assert!(!masked.as_str().contains(&telling[..3]), "{masked}");
        }
    }

    #[test]
    fn the_key_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", PseudonymKey::new([7; 32])), "PseudonymKey(…)");
    }
}
