//! Fingerprints of public keys as OpenSSH prints them.

/// Whether `text` is `SHA256:` and the unpadded base64 of 32 bytes (`ssh-keygen -l`; RFC 4648 section 4).
pub(crate) fn is_sound(text: &str) -> bool {
    text.strip_prefix("SHA256:").is_some_and(|digest| {
        digest.len() == 43 && digest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
    })
}
