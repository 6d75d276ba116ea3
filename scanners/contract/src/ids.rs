//! Newtypes for identifiers. Each one says what it is; none can be passed for another.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it is; whoever reads it from outside has validated it.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether both share one allocation: a cheap test before comparing bytes.
            pub fn same(&self, other: &Self) -> bool {
                Arc::ptr_eq(&self.0, &other.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}({:?})", stringify!($name), &self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id! {
    /// A configured system, such as `aws-prod`: `^[a-z0-9][a-z0-9-]{0,31}$`. A label in metrics and tickets.
    SystemId
}

text_id! {
    /// A scope inside one system, such as `api-tokens` or `111122223333/iam.access-keys`.
    ScopeName
}

text_id! {
    /// The system's immutable identifier of one grant. Never a secret value, never a display name.
    GrantId
}

text_id! {
    /// SHA-256 fingerprint of a public key as OpenSSH prints it: `SHA256:` and unpadded base64
    /// (`ssh-keygen -l`, RFC 4648 section 4 without padding).
    KeyFingerprint
}

impl SystemId {
    /// Whether `text` has the form that configuration, metrics labels and tickets rely on.
    pub fn is_valid(text: &str) -> bool {
        let mut bytes = text.bytes();
        let first_is_fine = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        first_is_fine
            && text.len() <= 32
            && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    }
}

#[cfg(test)]
mod tests {
    use super::SystemId;

    #[test]
    fn a_system_id_is_lower_case_and_short() {
        assert!(SystemId::is_valid("aws-prod"));
        assert!(SystemId::is_valid("0"));
        for wrong in ["", "-aws", "Aws", "aws_prod", "a".repeat(33).as_str(), "aws prod"] {
            assert!(!SystemId::is_valid(wrong), "{wrong:?} must be refused");
        }
    }
}
