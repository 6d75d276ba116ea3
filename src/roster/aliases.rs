//! Earlier addresses, logins, provider ids and keys of people, each with the window in which it was theirs.
//!
//! An alias of kind `provider_id` whose system is a roster source says that the rows of that source with this id are
//! rows of this person: that is how sources are merged, never by name.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveTime};
use scan_contract::{Instant, SystemId};

use super::claims::Window;
use super::mapping::{looks_like_address, parse_iso_date};
use super::model::ClaimKind;
use super::people::Builder;
use super::row::AliasText;
use crate::hostile;

/// Kinds as they are written.
pub(super) const KINDS: [&str; 4] = ["email", "username", "provider_id", "ssh_fingerprint"];

/// One alias after its checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alias<'a> {
    kind: ClaimKind,
    system: Option<&'a str>,
    value: &'a str,
    window: Window,
    personal: bool,
}

/// A field that is wrong: its name, what was expected, and help.
pub(super) type Wrong = (&'static str, String, Option<String>);

fn parse_kind(word: &str) -> Option<ClaimKind> {
    match word {
        "email" => Some(ClaimKind::Email),
        "username" => Some(ClaimKind::Username),
        "provider_id" => Some(ClaimKind::ProviderId),
        "ssh_fingerprint" => Some(ClaimKind::SshFingerprint),
        _ => None,
    }
}

/// SHA-256 fingerprint as OpenSSH prints it: `SHA256:` and 43 characters of unpadded base64.
fn is_fingerprint(text: &str) -> bool {
    text.strip_prefix("SHA256:").is_some_and(|encoded| {
        encoded.len() == 43 && encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
    })
}

fn midnight(day: NaiveDate) -> Instant {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// Checks one alias. Windows are civil days in UTC, both included.
pub(super) fn check<'a>(raw: AliasText<'a>, wrong: &mut Vec<Wrong>) -> Option<Alias<'a>> {
    let before = wrong.len();
    let kind = parse_kind(raw.kind);
    if kind.is_none() {
        let help = crate::problem::nearest(raw.kind, KINDS).map(|near| format!("is it {near:?}?"));
        wrong.push((
            "kind",
            format!("expected one of {}, found {:?}", KINDS.join(", "), hostile::short(raw.kind, 60)),
            help,
        ));
    }
    let value = raw.value.trim();
    match kind {
        Some(ClaimKind::Email) if !looks_like_address(value) => {
            wrong.push(("value", "expected a mail address".to_owned(), None));
        }
        Some(ClaimKind::SshFingerprint) if !is_fingerprint(value) => {
            let help = "`ssh-keygen -lf key.pub` prints it".to_owned();
            wrong.push(("value", "expected SHA256: and 43 characters of base64".to_owned(), Some(help)));
        }
        _ if value.is_empty() => wrong.push(("value", "expected a value".to_owned(), None)),
        _ => {}
    }
    let system = raw.system;
    match (kind, system) {
        (Some(ClaimKind::Username | ClaimKind::ProviderId), None) => {
            let says = format!("a {} belongs to one system: expected its id", raw.kind);
            wrong.push(("system", says, None));
        }
        (_, Some(system)) if !SystemId::is_valid(system) => {
            wrong.push(("system", "expected lower-case letters, digits and hyphens, at most 32".to_owned(), None));
        }
        _ => {}
    }
    let personal = match raw.personal {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            wrong.push(("personal", "expected true or false".to_owned(), None));
            true
        }
    };
    let from = day("valid_from", raw.valid_from, wrong);
    let until = day("valid_to", raw.valid_to, wrong);
    if from.zip(until).is_some_and(|(from, until)| until < from) {
        wrong.push(("valid_to", "the window ends before it begins".to_owned(), None));
    }
    let window = Window { from: from.map(midnight), until: until.and_then(|day| day.succ_opt()).map(midnight) };
    kind.filter(|_| wrong.len() == before).map(|kind| Alias { kind, system, value, window, personal })
}

fn day(field: &'static str, text: Option<&str>, wrong: &mut Vec<Wrong>) -> Option<NaiveDate> {
    let text = text?;
    let day = parse_iso_date(text);
    if day.is_none() {
        wrong.push((field, "expected a date of the form YYYY-MM-DD".to_owned(), None));
    }
    day
}

/// Gives the alias to its person. `false` where it could not be kept although the person is wanted.
pub(super) fn give(person_id: &str, alias: &Alias<'_>, sources: &BTreeSet<&str>, builder: &mut Builder) {
    if alias.kind == ClaimKind::ProviderId
        && let Some(source) = alias.system.filter(|system| sources.contains(system))
    {
        // A system that is scanned may go by the name of its export: the id is claimed there, too.
        builder.same_as.insert((source.to_owned(), alias.value.to_owned()), person_id.to_owned());
    }
    builder.add_alias(person_id, alias.kind, alias.system, alias.value, alias.window, alias.personal);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw<'a>(kind: &'a str, value: &'a str) -> AliasText<'a> {
        AliasText { kind, value, ..AliasText::default() }
    }

    fn wrong(raw: AliasText<'_>) -> Vec<&'static str> {
        let mut wrong = Vec::new();
        let alias = check(raw, &mut wrong);
        assert_eq!(alias.is_none(), !wrong.is_empty());
        wrong.into_iter().map(|(field, _, _)| field).collect()
    }

    #[test]
    fn every_kind_has_its_form() {
        assert!(wrong(raw("email", "j@acme.example")).is_empty());
        assert_eq!(wrong(raw("email", "jacme.example")), ["value"]);
        assert_eq!(wrong(raw("emial", "j@acme.example")), ["kind"]);
        assert_eq!(wrong(raw("username", "jdoe")), ["system"]);
        assert!(wrong(AliasText { system: Some("crm"), ..raw("username", "jdoe") }).is_empty());
        assert_eq!(wrong(AliasText { system: Some("CRM"), ..raw("username", "jdoe") }), ["system"]);
        assert!(wrong(raw("ssh_fingerprint", &format!("SHA256:{}", "a".repeat(43)))).is_empty());
        assert_eq!(wrong(raw("ssh_fingerprint", "MD5:00:11")), ["value"]);
    }

    #[test]
    fn a_window_includes_both_of_its_days() {
        let alias = AliasText {
            valid_from: Some("2024-01-01"),
            valid_to: Some("2024-01-31"),
            ..raw("email", "j@acme.example")
        };
        let mut wrong = Vec::new();
        let window = check(alias, &mut wrong).expect("a good alias").window;
        assert_eq!(window.from.map(|at| at.to_rfc3339()).as_deref(), Some("2024-01-01T00:00:00+00:00"));
        assert_eq!(window.until.map(|at| at.to_rfc3339()).as_deref(), Some("2024-02-01T00:00:00+00:00"));
        let turned = AliasText { valid_to: Some("2023-12-31"), ..alias };
        assert_eq!(self::wrong(turned), ["valid_to"]);
    }
}
