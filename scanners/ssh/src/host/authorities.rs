//! `trusted-cas`: authorities whose user certificates sshd accepts.

use std::collections::BTreeMap;

use scan_contract::{AccessKind, Cause, Privilege, Status, Subtype};

use super::decide;
use super::scene::{Scene, key_holders};
use crate::keys::{AuthorizedLine, parse_plain_keys};
use crate::passwd::Account;
use crate::scopes::HostScope;
use crate::sshd::Effective;
use crate::tree::Looked;

const SCOPE: [HostScope; 1] = [HostScope::TrustedCas];

/// Reads every file of authorities that the configuration can name for any account.
pub(super) fn read(scene: &mut Scene<'_>) {
    let mut files: BTreeMap<String, Vec<(Account, Effective, String)>> = BTreeMap::new();
    for account in scene.accounts() {
        let rules = scene.effective(&account);
        for (path, place) in rules.paths("trustedusercakeys") {
            files.entry(path).or_default().push((account.clone(), rules.clone(), place));
        }
    }
    for (path, users) in files {
        match scene.tree.look(&path) {
            Looked::Read(bytes, doubt) => {
                if let Some(cause) = doubt {
                    scene.gap(&SCOPE, Some(path.clone()), cause);
                }
                take_file(scene, &path, &bytes, &users);
            }
            Looked::Absent => {
                scene.notice(format!("{}: {path} is named as a list of authorities and does not exist", scene.host));
            }
            Looked::Unknown(cause) => scene.gap(&SCOPE, Some(path), cause),
        }
    }
}

fn take_file(scene: &mut Scene<'_>, path: &str, bytes: &[u8], users: &[(Account, Effective, String)]) {
    for line in parse_plain_keys(bytes) {
        let key = match line {
            AuthorizedLine::Unreadable { line, why } => {
                let part = format!("{path}:{line}");
                scene.gap(&SCOPE, Some(part.clone()), Cause::Malformed { what: format!("{part}: {why}") });
                continue;
            }
            AuthorizedLine::Key(key) => key,
        };
        let fingerprint = &key.key.fingerprint;
        let mut open = Vec::new();
        let mut why_not = None;
        for (account, rules, _) in users {
            let revoked = scene.revoked(rules);
            let verdict = decide::judge(scene, account, rules, &revoked, &key.key, &key.options, true);
            match verdict.status {
                Status::Enabled | Status::Unknown | Status::Pending => open.push(account.name.clone()),
                Status::Disabled | Status::Expired | Status::Revoked | Status::Orphaned => {
                    why_not = why_not.or(Some((verdict.status, verdict.reason)));
                }
            }
        }
        let status = match (&why_not, open.is_empty()) {
            (Some((status, _)), true) => *status,
            _ => Status::Enabled,
        };
        let id = format!("{}/ca/{fingerprint}", scene.host);
        let mut access = scene.access(HostScope::TrustedCas, AccessKind::Certificate, id, status);
        access.subtype = Some(Subtype::TrustedCa);
        access.grant_display = Some(format!("authority {fingerprint} is trusted by {}", scene.host));
        access.holders = key_holders(fingerprint, &key.comment);
        access.holders.truncate(1);
        access.public_key = Some(fingerprint.clone());
        access.expires_at = scan_contract::Fact::None;
        access.privilege = Privilege::Admin;
        access.privilege_reason = Some(format!("it can sign certificates for {} accounts", open.len()));
        access.evidence.push(format!("{path}:{}", key.line));
        access.evidence.extend(users.iter().map(|(_, _, place)| place.clone()).take(1));
        access.evidence.push(format!("{}: certificates it signed cannot be listed on the host", key.key.algorithm));
        access.evidence.push(String::from(principals_rule(users)));
        if !key.comment.is_empty() {
            access.evidence.push(format!("comment {:?}: a claim of whoever wrote the file", key.comment));
        }
        if let (Some((_, reason)), true) = (why_not, open.is_empty()) {
            access.status_text.clone_from(&reason);
            access.evidence.extend(reason);
        }
        scene.keep(access);
    }
}

/// How a certificate is held against an account.
fn principals_rule(users: &[(Account, Effective, String)]) -> &'static str {
    let listed = users.iter().any(|(_, rules, _)| {
        !rules.paths("authorizedprincipalsfile").is_empty() || !rules.commands("authorizedprincipalscommand").is_empty()
    });
    if listed {
        "a certificate needs a principal that the account's list names"
    } else {
        "a certificate needs the account's name as principal"
    }
}
