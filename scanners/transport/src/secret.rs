//! Text that is never shown, and where it is kept.

use std::path::PathBuf;

use scan_contract::Cause;

/// A secret. `secrecy` redacts `Debug`, has no `Display` and no `Serialize`, and zeroes on drop.
pub type Secret = secrecy::SecretString;

/// Where a secret is kept (SEC-1). Never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// A file of the running user, with no rights for others.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A program with its arguments; what it writes is the secret. No shell.
    Command(Vec<String>),
}

/// Fetches secrets. The program decides how; a scanner only says which. Asked again whenever a credential is renewed,
/// so that a rotated file is picked up.
pub trait Secrets: Send + Sync {
    /// The secret, without the line end a file or program puts after it.
    ///
    /// # Errors
    /// What was tried and why it failed; never a part of the secret.
    fn fetch(&self, reference: &SecretRef) -> Result<Secret, Cause>;
}
