//! `principals`: which names in a certificate open which account.

use std::collections::BTreeMap;

use scan_contract::{AccessKind, Cause, Status};

use super::accounts::login_holder;
use super::decide;
use super::key_files::{describe_account, expand};
use super::scene::Scene;
use crate::keys::{KeyOptions, OptionFault};
use crate::passwd::Account;
use crate::scopes::HostScope;
use crate::sshd::Effective;
use crate::tree::{Expanded, Looked};

const SCOPE: [HostScope; 1] = [HostScope::Principals];

/// Reads the principals file of every account.
pub(super) fn read(scene: &mut Scene<'_>) {
    let mut commands: BTreeMap<String, usize> = BTreeMap::new();
    for account in scene.accounts() {
        let rules = scene.effective(&account);
        for place in rules.commands("authorizedprincipalscommand") {
            *commands.entry(place).or_default() += 1;
        }
        for (template, _) in rules.paths("authorizedprincipalsfile") {
            let Some(path) = expand(scene, &account, &template) else {
                let what = format!("AuthorizedPrincipalsFile {template:?} cannot be expanded for {}", account.name);
                scene.gap(&SCOPE, Some(template), Cause::NotSupported { what });
                continue;
            };
            for path in files(scene, &path) {
                match scene.tree.look(&path) {
                    Looked::Read(bytes, doubt) => {
                        if let Some(cause) = doubt {
                            scene.gap(&SCOPE, Some(path.clone()), cause);
                        }
                        take_file(scene, &account, &rules, &path, &bytes);
                    }
                    Looked::Absent => {}
                    Looked::Unknown(cause) => scene.gap(&SCOPE, Some(path), cause),
                }
            }
        }
    }
    for (place, count) in commands {
        let what = format!(
            "AuthorizedPrincipalsCommand at {place}: the names it gives to {count} accounts are not in any file"
        );
        scene.gap(&SCOPE, Some(place), Cause::NotSupported { what });
    }
}

fn files(scene: &mut Scene<'_>, path: &str) -> Vec<String> {
    if !crate::tree::is_pattern(path) {
        return vec![path.to_owned()];
    }
    match scene.tree.expand(path) {
        Expanded::Paths(paths, doubt) => {
            if let Some(cause) = doubt {
                scene.gap(&SCOPE, Some(path.to_owned()), cause);
            }
            paths.into_iter().map(|path| format!("/{path}")).collect()
        }
        Expanded::Unknown(cause) => {
            scene.gap(&SCOPE, Some(path.to_owned()), cause);
            Vec::new()
        }
    }
}

fn take_file(scene: &mut Scene<'_>, account: &Account, rules: &Effective, path: &str, bytes: &[u8]) {
    for (line, principal, options) in lines(bytes) {
        let Ok(principal) = principal else {
            let part = format!("{path}:{line}");
            scene.gap(&SCOPE, Some(part.clone()), Cause::Malformed { what: format!("{part} is not UTF-8") });
            continue;
        };
        let (status, reason) = judge(scene, account, rules, &options);
        let id = format!("{}/{}/principal/{principal}", scene.host, account.name);
        let mut access = scene.access(HostScope::Principals, AccessKind::Certificate, id, status);
        access.grant_display = Some(format!("certificates for {principal} open {} on {}", account.name, scene.host));
        access.target = Some(format!("{}@{}", account.name, scene.host));
        // The principal says whom the certificate was made for; the account is only what it opens.
        access.holders = vec![login_holder(&principal)];
        access.parent = Some(scene.account_id(&account.name));
        access.expires_at = decide::expires(&options);
        access.evidence.push(format!("{path}:{line}"));
        if let Ok(options) = &options {
            access.evidence.extend(options.describe());
        }
        access.status_text.clone_from(&reason);
        access.evidence.extend(reason);
        describe_account(scene, account, &mut access);
        scene.keep(access);
    }
}

fn judge(
    scene: &Scene<'_>,
    account: &Account,
    rules: &Effective,
    options: &Result<KeyOptions, OptionFault>,
) -> (Status, Option<String>) {
    match options {
        Err(OptionFault::Refused(why)) => return (Status::Disabled, Some(format!("sshd refuses the line: {why}"))),
        Err(OptionFault::Doubtful(why)) => return (Status::Unknown, Some(why.clone())),
        Ok(options) => {
            if options.expires.is_some_and(|expires| expires.certainly_before(scene.as_of.at)) {
                return (Status::Expired, Some(String::from("its expiry-time has passed")));
            }
            if options.cert_authority {
                return (
                    Status::Disabled,
                    Some(String::from("cert-authority in a list of principals, which sshd refuses")),
                );
            }
            // A certificate can bring a forced command of its own.
            if let Some(why) = decide::refused(scene, account, rules, true) {
                return (Status::Disabled, Some(why));
            }
        }
    }
    if scene.config_is_sure() && rules.paths("trustedusercakeys").is_empty() {
        return (Status::Disabled, Some(String::from("no authority is trusted, so no certificate is")));
    }
    (Status::Enabled, None)
}

type PrincipalLine = (usize, Result<String, ()>, Result<KeyOptions, OptionFault>);

/// Lines of a principals file: `#` anywhere begins a comment, the last word is the principal, what stands before it
/// are options (OpenSSH: `auth_check_principals_line`).
fn lines(bytes: &[u8]) -> Vec<PrincipalLine> {
    let mut found = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.split(|byte| matches!(byte, b'#' | 0)).next().unwrap_or_default();
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let start = line.iter().take_while(|byte| is_blank(byte)).count();
        let end = line.len() - line.iter().rev().take_while(|byte| is_blank(byte) || **byte == b'\r').count();
        if start >= end {
            continue;
        }
        let line = &line[start..end];
        // As in sshd: the last blank of the line, or the last tab where it has no blank.
        let cut = line.iter().rposition(|byte| *byte == b' ').or_else(|| line.iter().rposition(|byte| *byte == b'\t'));
        let (options, principal) = match cut {
            Some(at) => (KeyOptions::parse(line), &line[at + 1..]),
            None => (Ok(KeyOptions::default()), line),
        };
        let principal = std::str::from_utf8(principal).map(str::to_owned).map_err(|_| ());
        found.push((index + 1, principal, options));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn the_last_word_is_the_principal_and_the_rest_are_options() {
        let found = lines(b"ana\n# none\n  from=\"10.0.0.0/8\",no-pty ops # on call\r\n\ncommand=\"a b\" ben\n");
        let names: Vec<_> = found.iter().map(|(line, name, _)| (*line, name.clone())).collect();
        assert_eq!(names, [(1, Ok("ana".into())), (3, Ok("ops".into())), (5, Ok("ben".into()))]);
        assert_eq!(found[1].2.as_ref().expect("options").from.as_deref(), Some("10.0.0.0/8"));
    }
}
