//! Times and holders as the contract wants them.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike};
use scan_contract::{Fact, Holder, Instant, Moment, Relation};

use crate::wire;

/// A time of RFC 3339 whose absence is told as `absent`. The year 1 is how the server writes "never".
pub(crate) fn moment(text: Option<&str>, absent: Fact<Moment>) -> Fact<Moment> {
    match text {
        None | Some("") => absent,
        Some(text) => match wire::instant(text) {
            Some(at) if at.year() <= 1 => Fact::None,
            Some(at) => Fact::Known(Moment::exact(at)),
            None => Fact::Hidden(String::from("the server gave a time that is none")),
        },
    }
}

/// Seconds since 1970.
pub(crate) fn epoch(seconds: Option<i64>) -> Fact<Moment> {
    match seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)) {
        // Of one second, nobody knows which part.
        Some(at) => Fact::Known(Moment::within(at, 1)),
        None => Fact::not_given(),
    }
}

/// Whether an end lies before `now`. Unknown ends have not passed.
pub(crate) fn has_passed(end: &Fact<Moment>, now: Instant) -> bool {
    matches!(end, Fact::Known(at) if at.settled_at() <= now)
}

/// Whether a name is a mail address by its form.
pub(crate) fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.contains('.')
            && !domain.contains('@')
            && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control() || letter == '/')
    })
}

/// A holder by a name that is an address or a login.
pub(crate) fn by_name(relation: Relation, name: &str) -> Holder {
    let mut holder = Holder::new(relation);
    put_name(&mut holder, name);
    holder
}

/// Puts an address or login where it belongs, if that place is free.
pub(crate) fn put_name(holder: &mut Holder, name: &str) {
    if is_address(name) {
        holder.email.get_or_insert_with(|| name.to_owned());
    } else {
        holder.login.get_or_insert_with(|| name.to_owned());
    }
}

/// Whoever the metadata names under one of `keys`. People wrote it, the server does not check it: a claim.
pub(crate) fn owners(metadata: &BTreeMap<String, String>, keys: &[String]) -> Vec<Holder> {
    let mut found: Vec<Holder> = Vec::new();
    for (key, value) in metadata {
        if !keys.iter().any(|wanted| wanted.eq_ignore_ascii_case(key)) {
            continue;
        }
        for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let holder = by_name(Relation::Owner, name);
            if !found.contains(&holder) {
                found.push(holder);
            }
        }
    }
    found
}

/// What metadata says of a person beside ownership.
pub(crate) fn put_metadata(holder: &mut Holder, metadata: &BTreeMap<String, String>) {
    for (key, value) in metadata.iter().filter(|(_, value)| !value.trim().is_empty()) {
        let value = value.trim();
        match key.to_ascii_lowercase().replace('-', "_").as_str() {
            "email" | "mail" | "email_address" if is_address(value) => {
                holder.email.get_or_insert_with(|| value.to_owned());
            }
            "employee_id" | "employee_number" | "employeenumber" => {
                holder.employee_id.get_or_insert_with(|| value.to_owned());
            }
            "username" | "user_name" | "login" | "preferred_username" if !is_address(value) => {
                holder.login.get_or_insert_with(|| value.to_owned());
            }
            "display_name" | "full_name" => {
                holder.name.get_or_insert_with(|| value.to_owned());
            }
            _ => {}
        }
    }
}

/// A stable id for a handle that must not be kept itself: accessors and lease ids can be used for revocation. They are
/// random and long, so a plain digest cannot be turned back.
pub(crate) fn digest(handle: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(handle.as_bytes());
    data_encoding::HEXLOWER.encode(&digest[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_never_is_none_and_nonsense_is_hidden() {
        assert_eq!(moment(Some("0001-01-01T00:00:00Z"), Fact::not_given()), Fact::None);
        assert_eq!(moment(None, Fact::None), Fact::None);
        assert!(moment(Some("soon"), Fact::None).is_hidden());
        assert!(moment(Some("2026-08-01T10:00:00.123456789+02:00"), Fact::None).known().is_some());
        assert!(epoch(None).is_hidden());
    }

    #[test]
    fn owners_are_addresses_or_logins_each_once() {
        let metadata = BTreeMap::from([
            (String::from("Owner"), String::from("a@x.example, bob,a@x.example")),
            (String::from("purpose"), String::from("mallory")),
        ]);
        let found = owners(&metadata, &[String::from("owner")]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].email.as_deref(), Some("a@x.example"));
        assert_eq!(found[1].login.as_deref(), Some("bob"));
    }

    #[test]
    fn an_address_is_told_from_what_only_looks_like_one() {
        for text in ["a@b.example", "A.B+c@sub.b.example"] {
            assert!(is_address(text), "{text}");
        }
        for text in ["a", "@b.example", "a@b", "a@@b.example", "a b@c.example", "spiffe://x@y.z", "a@b.c\n"] {
            assert!(!is_address(text), "{text}");
        }
    }
}
