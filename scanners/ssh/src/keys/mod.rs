//! Public keys and the files that list them, read as sshd reads them.
//!
//! Nothing that sshd would accept may be skipped: where a newer server could accept what we do not know, the key is
//! kept and its status is not known.

mod authorized;
mod base64;
mod options;
mod public_key;
mod wire;

pub(crate) use authorized::{AuthorizedKey, AuthorizedLine, parse_authorized_keys, parse_plain_keys};
pub(crate) use options::{KeyOptions, OptionFault};
pub(crate) use public_key::PublicKey;
