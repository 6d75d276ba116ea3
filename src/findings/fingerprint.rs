//! Identity of a finding over all runs and releases.

use scan_contract::AccessKind;
use sha2::{Digest, Sha256};

use super::Fingerprint;
use crate::normal;

/// Version of the recipe; part of the bytes that are hashed.
const RECIPE: &str = "ra1";

/// The fingerprint of one person's one grant.
///
/// The parts recipe version, person id, system id, kind and grant id are NFC UTF-8, each with its length in bytes as
/// four big-endian bytes before it, so that parts cannot run into each other; SHA-256, of which the first sixteen
/// bytes are kept. No rule, stint, name, severity or time goes in: they may change, the finding stays the same.
pub fn fingerprint(person_id: &str, system: &str, kind: AccessKind, grant_id: &str) -> Fingerprint {
    let mut hasher = Sha256::new();
    for part in [RECIPE, person_id, system, kind.as_str(), grant_id] {
        let part = normal::nfc(part);
        // Identifiers are limited to a line of at most 1 MiB, so the length fits.
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        hasher.update(length.to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    let mut first = [0_u8; 16];
    first.copy_from_slice(&digest[..16]);
    Fingerprint(first)
}

/// Grant id of a session finding: sessions of one account and client are one finding, so that each night does not
/// open new ones.
pub fn session_grant_id(account_grant_id: &str, client: Option<&str>) -> String {
    format!("{account_grant_id}/{}", client.unwrap_or("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_fingerprints_never_change() {
        let table = [
            (
                "p-4f1c9a",
                "aws-prod",
                AccessKind::AccessKey,
                "AKIAIOSFODNN7EXAMPLE",
                "ra1:d3fbedd447e69944f6506bc7b50c26c9",
            ),
            ("00417", "crm", AccessKind::ApiToken, "tok_81", "ra1:7af7dea8de36f9e5ef4e39c84f3075a8"),
        ];
        for (person, system, kind, grant, expected) in table {
            assert_eq!(fingerprint(person, system, kind, grant).to_string(), expected);
        }
    }

    #[test]
    fn parts_cannot_run_into_each_other() {
        let one = fingerprint("ab", "c", AccessKind::Account, "d");
        let other = fingerprint("a", "bc", AccessKind::Account, "d");
        assert_ne!(one, other);
    }

    #[test]
    fn composed_and_decomposed_ids_are_the_same_finding() {
        assert_eq!(
            fingerprint("zo\u{308}e", "crm", AccessKind::Account, "u"),
            fingerprint("z\u{f6}e", "crm", AccessKind::Account, "u")
        );
    }

    #[test]
    fn the_text_form_reads_back() {
        let print = fingerprint("p", "s", AccessKind::Account, "g");
        assert_eq!(print.to_string().parse(), Ok(print));
        assert!("ra1:XYZ".parse::<Fingerprint>().is_err());
    }
}
