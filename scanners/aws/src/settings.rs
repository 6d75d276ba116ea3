//! What the configuration says about one AWS account.

use std::fmt;
use std::path::PathBuf;

use scan_contract::{Instant, SystemId};

/// A twelve-digit AWS account id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

impl AccountId {
    /// The account id written as `text`; `None` unless it is exactly twelve ASCII digits.
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| Self(text.to_owned()))
    }

    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The documents of one account, and the instant they describe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentPaths {
    /// When the documents were asked for.
    pub as_of: Instant,
    /// Answers of `get-account-authorization-details`: one merged document, or its pages.
    pub authorization_details: Option<PathBuf>,
    /// Answer of `get-credential-report`: the decoded CSV, or the raw JSON answer.
    pub credential_report: Option<PathBuf>,
    /// JSON array of raw answers of `list-access-keys`.
    pub access_keys: Option<PathBuf>,
}

/// Bounds on what is read. Reaching one is a gap, never a shorter answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest document that is read, in bytes.
    pub document_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { document_bytes: 512 * 1024 * 1024 }
    }
}

/// Settings of this scanner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Configured id of the system, for messages.
    pub system: SystemId,
    /// The account the documents must belong to (CMP-1).
    pub account: AccountId,
    /// Where the documents lie.
    pub documents: DocumentPaths,
    /// Tags whose value names the person who answers for a user or role.
    pub owner_tags: Vec<String>,
    /// Tags whose value is the mail address of the person a user belongs to.
    pub email_tags: Vec<String>,
    /// Bounds.
    pub limits: Limits,
}

impl Settings {
    /// Settings with no document yet and the usual tags.
    pub fn new(system: SystemId, account: AccountId, as_of: Instant) -> Self {
        Self {
            system,
            account,
            documents: DocumentPaths { as_of, authorization_details: None, credential_report: None, access_keys: None },
            owner_tags: Self::default_owner_tags(),
            email_tags: Self::default_email_tags(),
            limits: Limits::default(),
        }
    }

    /// `owner` and `owner-email`.
    pub fn default_owner_tags() -> Vec<String> {
        vec![String::from("owner"), String::from("owner-email")]
    }

    /// `email`.
    pub fn default_email_tags() -> Vec<String> {
        vec![String::from("email")]
    }
}

#[cfg(test)]
mod tests {
    use super::AccountId;

    #[test]
    fn an_account_id_is_twelve_digits_and_nothing_else() {
        assert!(AccountId::parse("111122223333").is_some());
        for wrong in ["", "11112222333", "1111222233334", "11112222333a", "1111-2222-3333", "１１１１２２２２３３３３"]
        {
            assert!(AccountId::parse(wrong).is_none(), "{wrong:?} must be refused");
        }
    }
}
