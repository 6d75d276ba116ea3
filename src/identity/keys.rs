//! Keyed hashes of identifiers.
//!
//! Tables of millions of identifiers hold 64-bit SipHash-1-3 values under a key drawn for each run: whoever chooses a
//! login cannot choose a collision, since the key is not known to them.

use siphasher::sip::SipHasher13;

use crate::roster::ClaimKind;

/// Hashes identifiers under one key.
#[derive(Clone, Copy)]
pub struct Keys {
    hasher: SipHasher13,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Keys(..)")
    }
}

impl Keys {
    /// Hashes under `key`.
    pub fn new(key: [u8; 16]) -> Self {
        Self { hasher: SipHasher13::new_with_key(&key) }
    }

    /// Hash of an identifier: its kind, the system it is bound to (empty for none), its normal form.
    pub fn identifier(&self, kind: ClaimKind, system: &str, value: &str) -> u64 {
        self.parts(kind as u8, system, value)
    }

    /// Hash of a grant: access kind by its position, and grant id with the client of a session.
    pub fn grant(&self, kind: scan_contract::AccessKind, grant_id: &str, client: &str) -> u64 {
        self.parts(0x80 | kind as u8, client, grant_id)
    }

    fn parts(&self, tag: u8, first: &str, second: &str) -> u64 {
        // Short identifiers are the rule: one buffer on the stack and one pass over it.
        let mut buffer = [0_u8; 128];
        let length = 5 + first.len() + second.len();
        let first_length = u32::try_from(first.len()).unwrap_or(u32::MAX).to_le_bytes();
        if length <= buffer.len() {
            buffer[0] = tag;
            buffer[1..5].copy_from_slice(&first_length);
            buffer[5..5 + first.len()].copy_from_slice(first.as_bytes());
            buffer[5 + first.len()..length].copy_from_slice(second.as_bytes());
            return self.hasher.hash(&buffer[..length]);
        }
        let mut long = Vec::with_capacity(length);
        long.push(tag);
        long.extend_from_slice(&first_length);
        long.extend_from_slice(first.as_bytes());
        long.extend_from_slice(second.as_bytes());
        self.hasher.hash(&long)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_system_and_value_all_count_and_cannot_run_together() {
        let keys = Keys::new([7; 16]);
        let one = keys.identifier(ClaimKind::Username, "crm", "ana");
        assert_ne!(one, keys.identifier(ClaimKind::ProviderId, "crm", "ana"));
        assert_ne!(one, keys.identifier(ClaimKind::Username, "crma", "na"));
        assert_ne!(one, Keys::new([8; 16]).identifier(ClaimKind::Username, "crm", "ana"));
        let long = "x".repeat(500);
        assert_ne!(
            keys.identifier(ClaimKind::Username, "crm", &long),
            keys.identifier(ClaimKind::Username, "crm", &long[1..])
        );
    }
}
