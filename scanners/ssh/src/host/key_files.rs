//! `authorized-keys`: every key that sshd would accept for an account, from every file it would read.

use std::collections::BTreeMap;

use scan_contract::{Access, AccessKind, Cause, Privilege, Status, Subtype};

use super::decide::{self, Revoked};
use super::scene::{Scene, key_holders};
use crate::keys::{AuthorizedKey, AuthorizedLine, parse_authorized_keys};
use crate::passwd::Account;
use crate::scopes::HostScope;
use crate::sshd::Effective;
use crate::tree::{Expanded, Looked, is_pattern};

const SCOPE: [HostScope; 1] = [HostScope::AuthorizedKeys];

/// Reads the key files of every account.
pub(super) fn read(scene: &mut Scene<'_>) {
    let mut commands: BTreeMap<String, usize> = BTreeMap::new();
    let accounts = scene.accounts();
    for account in &accounts {
        let rules = scene.effective(account);
        let revoked = scene.revoked(&rules);
        for place in rules.commands("authorizedkeyscommand") {
            *commands.entry(place).or_default() += 1;
        }
        for template in rules.key_files() {
            for path in paths(scene, account, &template) {
                if let Some(bytes) = look(scene, &path) {
                    take_file(scene, account, &rules, &revoked, &path, &bytes);
                }
            }
        }
    }
    for (place, count) in commands {
        let what =
            format!("AuthorizedKeysCommand at {place}: the keys it gives to {count} accounts are not in any file");
        scene.gap(&SCOPE, Some(place), Cause::NotSupported { what });
    }
}

/// The files a template stands for. What cannot be told is a gap.
fn paths(scene: &mut Scene<'_>, account: &Account, template: &str) -> Vec<String> {
    let Some(path) = expand(scene, account, template) else {
        let what = format!("AuthorizedKeysFile {template:?} cannot be expanded for {}", account.name);
        scene.gap(&SCOPE, Some(template.to_owned()), Cause::NotSupported { what });
        return Vec::new();
    };
    if !is_pattern(&path) {
        return vec![path];
    }
    // Newer servers expand patterns, older ones take them as they stand.
    let mut found = Vec::new();
    match scene.tree.expand(&path) {
        Expanded::Paths(paths, doubt) => {
            if let Some(cause) = doubt {
                scene.gap(&SCOPE, Some(path), cause);
            }
            found.extend(paths.into_iter().map(|path| format!("/{path}")));
        }
        Expanded::Unknown(cause) => scene.gap(&SCOPE, Some(path), cause),
    }
    found
}

/// Puts an account's values into a template (sshd_config(5), TOKENS). Relative paths begin at its home.
pub(super) fn expand(scene: &Scene<'_>, account: &Account, template: &str) -> Option<String> {
    let template = match template.strip_prefix('~') {
        None => template.to_owned(),
        // sshd expands `~` when it reads its configuration, as root.
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("/root{rest}"),
        Some(rest) => {
            let (name, rest) = rest.split_once('/').unwrap_or((rest, ""));
            format!("{}/{rest}", scene.people.accounts.get(name)?.home)
        }
    };
    let mut path = String::new();
    let mut characters = template.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            path.push(character);
            continue;
        }
        match characters.next()? {
            '%' => path.push('%'),
            'h' => path.push_str(&account.home),
            'u' => path.push_str(&account.name),
            'U' => path.push_str(&account.uid.to_string()),
            _ => return None,
        }
    }
    if path.starts_with('/') { Some(path) } else { Some(format!("{}/{path}", account.home)) }
}

/// The bytes of a key file; what stands in their way is a gap.
fn look(scene: &mut Scene<'_>, path: &str) -> Option<Vec<u8>> {
    match scene.tree.look(path) {
        Looked::Read(bytes, doubt) => {
            if let Some(cause) = doubt {
                scene.gap(&SCOPE, Some(path.to_owned()), cause);
            }
            Some(bytes)
        }
        Looked::Absent => None,
        Looked::Unknown(cause) => {
            scene.gap(&SCOPE, Some(path.to_owned()), cause);
            None
        }
    }
}

fn take_file(scene: &mut Scene<'_>, account: &Account, rules: &Effective, revoked: &Revoked, path: &str, bytes: &[u8]) {
    for line in parse_authorized_keys(bytes) {
        match line {
            AuthorizedLine::Unreadable { line, why } => {
                let part = format!("{path}:{line}");
                let what = format!("{part}: {why}; the versions of sshd we know skip it");
                scene.gap(&SCOPE, Some(part), Cause::Malformed { what });
            }
            AuthorizedLine::Key(key) => {
                let verdict = decide::judge(scene, account, rules, revoked, &key.key, &key.options, false);
                let mut access = key_access(scene, &account.name, path, &key, verdict.status);
                access.status_text.clone_from(&verdict.reason);
                access.evidence.extend(verdict.reason);
                access.evidence.extend(revoked.notes.iter().cloned());
                describe_account(scene, account, &mut access);
                scene.keep(access);
            }
        }
    }
}

/// The record of one key line.
pub(super) fn key_access(scene: &Scene<'_>, account: &str, path: &str, line: &AuthorizedKey, status: Status) -> Access {
    let fingerprint = &line.key.fingerprint;
    let authority = line.options.as_ref().is_ok_and(|options| options.cert_authority);
    let (kind, id) = if authority {
        (AccessKind::Certificate, format!("{}/{account}/ca/{fingerprint}", scene.host))
    } else {
        (AccessKind::SshKey, format!("{}/{account}/{fingerprint}", scene.host))
    };
    let mut access = scene.access(HostScope::AuthorizedKeys, kind, id, status);
    let word = if authority { "authority" } else { "key" };
    access.grant_display = Some(format!("{word} {fingerprint} opens {account} on {}", scene.host));
    access.subtype = authority.then_some(Subtype::TrustedCa);
    access.parent = Some(scene.account_id(account));
    access.target = Some(format!("{account}@{}", scene.host));
    access.holders = key_holders(fingerprint, &line.comment);
    access.expires_at = decide::expires(&line.options);
    access.public_key = Some(fingerprint.clone());
    access.evidence.push(format!("{path}:{}", line.line));
    let size = line.key.rsa_bits.map(|bits| format!(", {bits} bits")).unwrap_or_default();
    access.evidence.push(format!("{}{size}", line.key.algorithm));
    if !line.comment.is_empty() {
        access.evidence.push(format!("comment {:?}: a claim of whoever wrote the file", line.comment));
    }
    if let Ok(options) = &line.options {
        access.evidence.extend(options.describe());
    }
    access
}

/// What a key of this account reaches.
pub(super) fn describe_account(scene: &Scene<'_>, account: &Account, access: &mut Access) {
    if let Some(reason) = scene.administers(account) {
        access.privilege = Privilege::Admin;
        access.privilege_reason = Some(format!("{}: {reason}", account.name));
    } else {
        access.privilege = Privilege::Write;
        access.privilege_reason = Some(format!("acts as {} on the host", account.name));
    }
    if account.has_no_shell() {
        access
            .evidence
            .push(format!("shell {} refuses to start; forwarding and file copies may still work", account.shell));
    }
}
