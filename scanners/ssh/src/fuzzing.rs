//! Doors for the fuzz targets (`tests/fuzz`) to what nobody else may call. Not part of the interface.

use crate::keys::{AuthorizedLine, parse_authorized_keys, parse_plain_keys};

/// What was made of one line of a file of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyLine {
    /// A key.
    Key {
        /// Line number, from 1.
        line: usize,
        /// Fingerprint of the plain key, as OpenSSH prints it.
        fingerprint: String,
        /// Whether it is a certificate.
        certificate: bool,
        /// Whether every version of sshd refuses the line for its options.
        refused: bool,
        /// The comment as kept.
        comment: String,
    },
    /// Told as unreadable.
    Unreadable {
        /// Line number, from 1.
        line: usize,
        /// Why.
        why: String,
    },
}

impl KeyLine {
    /// Line number, from 1.
    pub fn line(&self) -> usize {
        match self {
            Self::Key { line, .. } | Self::Unreadable { line, .. } => *line,
        }
    }
}

/// Reads a file of the `authorized_keys` form.
pub fn authorized_keys(bytes: &[u8]) -> Vec<KeyLine> {
    parse_authorized_keys(bytes).into_iter().map(told).collect()
}

/// Reads a plain list of keys, such as `TrustedUserCAKeys` names.
pub fn plain_keys(bytes: &[u8]) -> Vec<KeyLine> {
    parse_plain_keys(bytes).into_iter().map(told).collect()
}

fn told(line: AuthorizedLine) -> KeyLine {
    match line {
        AuthorizedLine::Unreadable { line, why } => KeyLine::Unreadable { line, why },
        AuthorizedLine::Key(key) => KeyLine::Key {
            line: key.line,
            fingerprint: key.key.fingerprint.as_str().to_owned(),
            certificate: key.key.certificate,
            refused: matches!(key.options, Err(crate::keys::OptionFault::Refused(_))),
            comment: key.comment,
        },
    }
}
