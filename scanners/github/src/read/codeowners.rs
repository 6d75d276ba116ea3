//! CODEOWNERS: whose approval a change needs. GitHub takes the first file of three places.

use std::collections::BTreeMap;

use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Holder, Privilege, Relation, ScopeName, Status};

use crate::hub::Hub;
use crate::read::repositories::Blob;
use crate::read::repository::Known;
use crate::text::clean;
use crate::told::Told;

/// The three places, in the order GitHub looks.
const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
/// Patterns shown as evidence for one owner.
const SHOWN: usize = 3;
/// Characters shown of one pattern.
const PATTERN: usize = 80;

/// Where one owner is named.
#[derive(Debug, Default, PartialEq, Eq)]
struct Lines {
    first: Vec<(usize, String)>,
    count: usize,
}

/// Tells of the owners of one repository.
pub(crate) fn tell(hub: &Hub, scope: &ScopeName, known: &Known, files: [Option<Blob>; 3], told: &mut Told) {
    let found = files.into_iter().zip(PLACES).find_map(|(file, place)| file.map(|file| (file, place)));
    let Some((file, place)) = found else {
        // What is not there is null, and for who may not read contents everything is.
        if hub.granted().holds("contents=read") == Some(false) {
            told.gap(scope, &*known.name, Cause::Denied { permission: hub.granted().name("contents=read") });
        }
        return;
    };
    let part = || format!("{}: {place}", known.name);
    let Some(text) = file.lines else {
        told.gap(scope, part(), Cause::Malformed { what: String::from("no text, or not a file") });
        return;
    };
    if file.is_truncated == Some(true) {
        told.gap(
            scope,
            part(),
            Cause::CutOff { what: String::from("the service showed the beginning of the file only") },
        );
    }
    for (owner, lines) in owners(&text) {
        told.records.extend(access(hub, scope, known, place, &owner, &lines));
    }
}

/// Owners by name, with the lines that name them. A comment begins with `#`; a pattern can hold an escaped space.
fn owners(text: &str) -> BTreeMap<String, Lines> {
    let mut owners: BTreeMap<String, Lines> = BTreeMap::new();
    for (position, line) in text.lines().enumerate() {
        let line = line.trim();
        // A line in brackets begins a section in another product's dialect; GitHub has none.
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = words(line).into_iter();
        let Some(pattern) = words.next() else { continue };
        for word in words.take_while(|word| !word.starts_with('#')) {
            let lines = owners.entry(word.to_lowercase()).or_default();
            lines.count += 1;
            if lines.first.len() < SHOWN {
                lines.first.push((position + 1, clean(&pattern, PATTERN)));
            }
        }
    }
    owners
}

fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut escaped = false;
    for letter in line.chars() {
        if letter.is_whitespace() && !escaped {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        } else {
            word.push(letter);
        }
        escaped = letter == '\\' && !escaped;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// One owner; `None` for a team, whose members stand in the scope of teams, and for words that name nobody.
fn access(hub: &Hub, scope: &ScopeName, known: &Known, place: &str, owner: &str, lines: &Lines) -> Option<Access> {
    let mut stranger = None;
    let holder = if let Some(login) = owner.strip_prefix('@') {
        if login.contains('/') || login.is_empty() {
            return None;
        }
        if hub.id_of(login).is_none() {
            stranger = Some(format!(
                "{} is no member or outside collaborator that was seen: the login may have passed to a stranger",
                clean(login, 80)
            ));
        }
        hub.by_login(Relation::Approver, login)
    } else if owner.contains('@') {
        let mut holder = Holder::new(Relation::Approver);
        holder.email = Some(String::from(owner));
        holder
    } else {
        return None;
    };
    let grant = GrantId::from(format!("{}/codeowners/{owner}", known.id));
    let mut access = Access::new(scope.clone(), AccessKind::Ownership, grant, Status::Enabled);
    access.grant_display = Some(format!("{} owns code in {}", clean(owner, 120), known.name));
    access.target = Some(format!("repository {}", known.name));
    access.privilege = Privilege::Write;
    access.privilege_reason = Some(String::from("approves changes, where branches demand it"));
    access.created_at = Fact::Hidden(String::from("a line does not say since when"));
    access.last_used_at = Fact::Hidden(String::from("reviews are not read"));
    access.holders.push(holder);
    let shown: Vec<String> = lines.first.iter().map(|(line, pattern)| format!("line {line}: {pattern}")).collect();
    access.evidence.push(format!("{place}, {} lines; {}", lines.count, shown.join("; ")));
    access.evidence.extend(stranger);
    Some(access)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_words_after_the_pattern_and_comments_name_nobody() {
        let text = "# @nobody\n*.rs @Ana @acme/core # @later\n\"docs\\ x\" ben@acme.example\n/docs/a\\ b @ana\n";
        let found = owners(text);
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["@acme/core", "@ana", "ben@acme.example"],
            "a space behind a backslash belongs to the pattern"
        );
        assert_eq!(found["@ana"].count, 2);
        assert_eq!(found["@ana"].first[1], (4, String::from("/docs/a\\ b")));
    }
}
