//! Whether a key or principal opens its account now: only what is refused for certain counts as switched off.

use std::collections::BTreeSet;

use scan_contract::{Fact, Moment, Status};

use super::scene::Scene;
use super::shadow::Password;
use crate::keys::{AuthorizedLine, KeyOptions, OptionFault, PublicKey, parse_plain_keys};
use crate::passwd::Account;
use crate::sshd::Effective;
use crate::tree::Looked;

/// A status and the words that explain it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) status: Status,
    pub(super) reason: Option<String>,
}

impl Verdict {
    fn new(status: Status, reason: impl Into<String>) -> Self {
        Self { status, reason: Some(reason.into()) }
    }

    fn enabled() -> Self {
        Self { status: Status::Enabled, reason: None }
    }
}

/// Fingerprints that sshd refuses for an account whatever the connection, and what else is to be said about them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Revoked {
    pub(super) fingerprints: BTreeSet<String>,
    pub(super) notes: Vec<String>,
}

/// Reads the lists of revoked keys. A key counts as revoked only if every possible value of the keyword names a file
/// that holds it.
pub(super) fn revoked(scene: &mut Scene<'_>, rules: &Effective) -> Revoked {
    let mut found = Revoked::default();
    let mut sets: Vec<BTreeSet<String>> = Vec::new();
    let host = scene.host.to_owned();
    for (path, place) in rules.paths("revokedkeys") {
        let mut set = BTreeSet::new();
        match scene.tree.look(&path) {
            Looked::Read(bytes, _) if bytes.starts_with(b"SSHKRL\n\0") => {
                let note = format!(
                    "{host}: {path} ({place}) is a binary revocation list: keys in it still count as enabled here"
                );
                scene.notice(note.clone());
                found.notes.push(note);
            }
            Looked::Read(bytes, None) => {
                for line in parse_plain_keys(&bytes) {
                    if let AuthorizedLine::Key(key) = line {
                        set.insert(key.key.fingerprint.as_str().to_owned());
                    }
                }
            }
            Looked::Read(_, Some(cause)) | Looked::Unknown(cause) => {
                scene.notice(format!(
                    "{host}: {path} ({place}) could not be relied on ({cause}): no key counts as revoked"
                ));
            }
            Looked::Absent => scene.notice(format!(
                "{host}: {path} ({place}) does not exist: sshd then refuses every key, which is not relied on"
            )),
        }
        sets.push(set);
    }
    if rules.always_set("revokedkeys") && scene.config_is_sure() {
        let several_values = rules.values("revokedkeys").len() > 1;
        found.fingerprints = if several_values {
            let mut sets = sets.into_iter();
            let first = sets.next().unwrap_or_default();
            sets.fold(first, |all, set| all.intersection(&set).cloned().collect())
        } else {
            sets.into_iter().flatten().collect()
        };
    }
    found
}

/// Why an account is refused whatever the key: it has ended, or it is locked and sshd does without PAM.
pub(super) fn closed(scene: &Scene<'_>, account: &Account, rules: &Effective) -> Option<String> {
    let shadow = scene.shadow.get(&account.name).filter(|_| scene.tree.is_listed())?;
    if shadow.ends().is_some_and(|ends| has_expired(ends, scene)) {
        let day = shadow.last_day.map(|day| day.to_string()).unwrap_or_default();
        return Some(format!("the account ended on {day}: PAM, and sshd without it, refuse it"));
    }
    let locked = shadow.password == Password::Locked && scene.config_is_sure() && rules.uses_pam() == Some(false);
    locked.then(|| String::from("its password is locked, and sshd without PAM then refuses the account"))
}

/// Why sshd refuses the account's keys altogether, for certain.
pub(super) fn refused(scene: &Scene<'_>, account: &Account, rules: &Effective, forced: bool) -> Option<String> {
    if let Some(why) = closed(scene, account, rules) {
        return Some(why);
    }
    if !scene.config_is_sure() {
        return None;
    }
    rules
        .keys_switched_off()
        .or_else(|| rules.refused.clone())
        .or_else(|| (account.uid == 0).then(|| rules.root_refused(forced)).flatten())
        .or_else(|| rules.methods_without_keys())
}

/// Judges one key of an account; `authority` where it signs certificates for it.
pub(super) fn judge(
    scene: &Scene<'_>,
    account: &Account,
    rules: &Effective,
    revoked: &Revoked,
    key: &PublicKey,
    options: &Result<KeyOptions, OptionFault>,
    authority: bool,
) -> Verdict {
    if revoked.fingerprints.contains(key.fingerprint.as_str()) {
        return Verdict::new(Status::Revoked, "it is on the list of revoked keys");
    }
    let options = match options {
        Ok(options) => options,
        Err(OptionFault::Refused(why)) => {
            return Verdict::new(Status::Disabled, format!("sshd refuses the line: {why}"));
        }
        Err(OptionFault::Doubtful(why)) => {
            return Verdict::new(Status::Unknown, format!("{why}: the versions of sshd we know refuse the line"));
        }
    };
    if let Some(expires) = options.expires
        && has_expired(expires, scene)
    {
        return Verdict::new(Status::Expired, "its expiry-time has passed");
    }
    if key.certificate && key.known {
        return Verdict::new(Status::Disabled, "a certificate stands here instead of a key, which sshd never accepts");
    }
    if options.principals.is_some() && !options.cert_authority {
        return Verdict::new(Status::Disabled, "principals without cert-authority, which sshd refuses");
    }
    // A certificate can bring a forced command of its own.
    let forced = options.has_command() || options.cert_authority || authority;
    if let Some(why) = refused(scene, account, rules, forced) {
        return Verdict::new(Status::Disabled, why);
    }
    if !key.known {
        return Verdict::new(Status::Unknown, format!("a key type that is not known here: {}", key.algorithm));
    }
    if key.algorithm == "ssh-dss" {
        return Verdict::new(Status::Unknown, "DSA keys are refused by default since OpenSSH 7.0 and by every 10.x");
    }
    Verdict::enabled()
}

/// Whether it has certainly expired at the time the tree describes. sshd compares with its own clock.
fn has_expired(expires: Moment, scene: &Scene<'_>) -> bool {
    expires.certainly_before(scene.as_of.at)
}

/// When a key ends, as the options say.
pub(super) fn expires(options: &Result<KeyOptions, OptionFault>) -> Fact<Moment> {
    match options {
        Ok(options) => options.expires.map_or(Fact::None, Fact::Known),
        Err(_) => Fact::Hidden(String::from("sshd does not read the options of this line")),
    }
}
