//! Text from outside, shortened for messages; times and fingerprints as the platform writes them.

use chrono::{DateTime, Utc};
use data_encoding::BASE64_NOPAD;
use scan_contract::{Fact, KeyFingerprint, Moment};
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};

/// At most `longest` characters, control characters replaced.
pub(crate) fn clean(text: &str, longest: usize) -> String {
    let shown: String =
        text.chars().take(longest).map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
    if text.chars().nth(longest).is_some() { format!("{shown}…") } else { shown }
}

/// An exact time; `None` of the platform means that it does not say.
pub(crate) fn time(value: Option<DateTime<Utc>>) -> Fact<Moment> {
    value.map_or_else(Fact::not_given, |at| Fact::Known(Moment::exact(at)))
}

/// A time whose absence means that there is none, such as an end.
pub(crate) fn end(value: Option<DateTime<Utc>>) -> Fact<Moment> {
    value.map_or(Fact::None, |at| Fact::Known(Moment::exact(at)))
}

/// A time of last use: somewhere in that day, since the platform documents neither lag nor rounding. Null means never.
fn last_use(value: Option<DateTime<Utc>>) -> Fact<Moment> {
    value.map_or(Fact::None, |at| Fact::Known(Moment::day(at.date_naive())))
}

/// A time of last use about which the platform may also just not say anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LastUse {
    /// The field is absent.
    #[default]
    NotTold,
    /// The field is there; null means never.
    Told(Option<DateTime<Utc>>),
}

impl<'de> Deserialize<'de> for LastUse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<DateTime<Utc>>::deserialize(deserializer).map(Self::Told)
    }
}

impl LastUse {
    /// The fact, hidden for this reason where nothing is told.
    pub(crate) fn fact(self, why: &str) -> Fact<Moment> {
        match self {
            Self::NotTold => Fact::Hidden(String::from(why)),
            Self::Told(value) => last_use(value),
        }
    }
}

/// The fingerprint of a public key as OpenSSH prints it, from the line the platform shows. Recomputed, since the
/// platform prints MD5, SHA-1 or SHA-256 in turn.
pub(crate) fn fingerprint(line: &str) -> Option<KeyFingerprint> {
    if let Ok(key) = ssh_key::PublicKey::from_openssh(line) {
        return Some(KeyFingerprint::from(key.fingerprint(ssh_key::HashAlg::Sha256).to_string()));
    }
    // A type this library does not know still has a fingerprint: the digest of its blob, which names its type first.
    let mut words = line.split_ascii_whitespace();
    let (kind, blob) = (words.next()?, words.next()?);
    let Ok(blob) = data_encoding::BASE64.decode(blob.as_bytes()) else { return None };
    let named = blob.get(4..4 + kind.len()).is_some_and(|name| name == kind.as_bytes());
    named.then(|| KeyFingerprint::from(format!("SHA256:{}", BASE64_NOPAD.encode(&Sha256::digest(&blob)))))
}

/// A SHA-256 fingerprint the platform prints itself.
pub(crate) fn printed_fingerprint(text: &str) -> Option<KeyFingerprint> {
    let digest = text.strip_prefix("SHA256:")?.trim_end_matches('=');
    let whole = BASE64_NOPAD.decode(digest.as_bytes()).is_ok_and(|bytes| bytes.len() == 32);
    whole.then(|| KeyFingerprint::from(format!("SHA256:{digest}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti someone@host";

    #[test]
    fn a_key_has_one_fingerprint_with_and_without_its_comment() {
        let bare = LINE.rsplit_once(' ').expect("a comment").0;
        let fingerprint_of = |line| fingerprint(line).map(|print| print.to_string());
        assert!(fingerprint_of(LINE).is_some_and(|print| print.starts_with("SHA256:")), "{LINE}");
        assert_eq!(fingerprint_of(LINE), fingerprint_of(bare));
        assert_eq!(fingerprint_of("ssh-ed25519 nothing"), None);
    }

    #[test]
    fn a_last_use_is_as_fine_as_a_day_and_null_is_never() {
        let at: DateTime<Utc> = "2026-07-30T13:00:00Z".parse().expect("a time");
        let day = last_use(Some(at));
        assert_eq!(day.known().map(|moment| moment.precision_seconds), Some(86_400));
        assert_eq!(last_use(None), Fact::None);
        assert!(LastUse::NotTold.fact("not shown").is_hidden());
        assert_eq!(LastUse::Told(None).fact("not shown"), Fact::None);
    }

    #[test]
    fn control_characters_do_not_reach_a_message() {
        assert_eq!(clean("a\x1b[31mb", 10), "a\u{fffd}[31mb");
        assert_eq!(clean("abcdef", 3), "abc…");
    }
}
