//! `files.txt`: one line for each path the collector looked for.
//!
//! ```text
//! # holdover-files 1
//! # host: web-1
//! # taken-at: 2026-08-01T00:28:00Z
//! present 1043 9f86d081… /etc/passwd
//! absent /root/.ssh/authorized_keys2
//! denied /home/ana/.ssh
//! # end 3
//! ```
//!
//! Lines that begin with `#` are comments, except the four above. With the first line, the last one is demanded: a
//! list that was cut shows. A path may be a folder (everything below it is absent or denied) or a shell pattern
//! (nothing matches it). `\n`, `\r`, `\t` and `\\` in a path stand for themselves.

use std::collections::BTreeMap;

use chrono::DateTime;
use scan_contract::{Cause, Instant, is_in_calendar};

use super::{LISTING, normal};

/// Size and digest of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    /// Size in bytes.
    pub(crate) bytes: u64,
    /// SHA-256, lower-case hex, 64 digits.
    pub(crate) sha256: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Present(Proof),
    Absent,
    Denied,
}

/// What the listing says about a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Listed<'a> {
    /// It was copied.
    Present(&'a Proof),
    /// It, or a folder above it, does not exist.
    Absent,
    /// It, or a folder above it, could not be read.
    Denied,
    /// The collector did not look for it.
    Nothing,
}

/// The collector's listing.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    lines: BTreeMap<String, Word>,
    /// When the collector looked, if it says so.
    pub(super) taken_at: Option<Instant>,
    /// What is wrong with it; concerns every scope of the host.
    pub(super) problems: Vec<(Option<String>, Cause)>,
}

impl Listing {
    /// Reads the listing of `host`. Lines that cannot be understood are problems; their neighbours count.
    pub(crate) fn parse(bytes: &[u8], host: &str) -> Self {
        let mut listing = Self::default();
        let mut counted: u64 = 0;
        let mut versioned = false;
        let mut end: Option<u64> = None;
        if !bytes.is_empty() && bytes.last() != Some(&b'\n') {
            listing.problem(None, Cause::CutOff { what: format!("{LISTING} ends inside a line") });
        }
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let number = index + 1;
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            let Ok(text) = std::str::from_utf8(line) else {
                listing.problem(Some(number), Cause::Malformed { what: format!("{LISTING}:{number} is not UTF-8") });
                continue;
            };
            if let Some(comment) = text.strip_prefix('#') {
                let comment = comment.trim();
                if let Some(version) = comment.strip_prefix("holdover-files ") {
                    versioned = true;
                    if version != "1" {
                        listing.problem(
                            Some(number),
                            Cause::NotSupported { what: format!("{LISTING} version {version:?}") },
                        );
                    }
                } else if let Some(name) = comment.strip_prefix("host:") {
                    listing.check_host(host, name.trim());
                } else if let Some(at) = comment.strip_prefix("taken-at:") {
                    match DateTime::parse_from_rfc3339(at.trim()) {
                        Ok(at) if is_in_calendar(at.to_utc()) => listing.taken_at = Some(at.to_utc()),
                        Ok(_) | Err(_) => listing.problem(
                            Some(number),
                            Cause::Malformed { what: format!("{LISTING}:{number}: taken-at is no instant") },
                        ),
                    }
                } else if let Some(count) = comment.strip_prefix("end ") {
                    match count.parse() {
                        Ok(count) => end = Some(count),
                        Err(_) => listing.problem(
                            Some(number),
                            Cause::Malformed { what: format!("{LISTING}:{number}: the end line has no number") },
                        ),
                    }
                }
                continue;
            }
            if end.is_some() {
                listing.problem(
                    Some(number),
                    Cause::Malformed { what: format!("{LISTING}:{number} stands after the end line") },
                );
            }
            counted += 1;
            listing.take(number, text);
        }
        match end {
            Some(announced) if announced != counted => listing
                .problem(None, Cause::CountDiffers { what: format!("lines of {LISTING}"), announced, found: counted }),
            None if versioned => {
                listing.problem(None, Cause::CutOff { what: format!("{LISTING} has no end line") });
            }
            _ => {}
        }
        if counted == 0 {
            listing.problem(None, Cause::NotProven { what: format!("{LISTING} names no file at all") });
        }
        listing
    }

    fn problem(&mut self, line: Option<usize>, cause: Cause) {
        let part = line.map_or_else(|| String::from(LISTING), |number| format!("{LISTING}:{number}"));
        self.problems.push((Some(part), cause));
    }

    fn check_host(&mut self, folder: &str, name: &str) {
        let short = |text: &str| text.split('.').next().unwrap_or(text).to_ascii_lowercase();
        if short(folder) != short(name) {
            self.problem(None, Cause::WrongSystem { declared: folder.to_owned(), found: name.to_owned() });
        }
    }

    fn take(&mut self, number: usize, text: &str) {
        let malformed = |why: &str| Cause::Malformed { what: format!("{LISTING}:{number}: {why}") };
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let (word, path) = match word {
            "absent" => (Word::Absent, rest),
            "denied" => (Word::Denied, rest),
            "present" => {
                let mut parts = rest.splitn(3, ' ');
                let (bytes, sha256, path) = (parts.next(), parts.next(), parts.next());
                let (Some(bytes), Some(sha256), Some(path)) = (bytes, sha256, path) else {
                    return self.problem(Some(number), malformed("needs size, SHA-256 and path after `present`"));
                };
                let Ok(bytes) = bytes.parse() else {
                    return self.problem(Some(number), malformed("the size is no number"));
                };
                let sha256 = sha256.to_ascii_lowercase();
                if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return self.problem(Some(number), malformed("the SHA-256 is not 64 hex digits"));
                }
                (Word::Present(Proof { bytes, sha256 }), path)
            }
            _ => return self.problem(Some(number), malformed("begins with none of present, absent, denied")),
        };
        let Some(path) = unescape(path).as_deref().and_then(normal).filter(|path| !path.is_empty()) else {
            return self.problem(Some(number), malformed("has no usable path"));
        };
        match self.lines.get(&path) {
            Some(before) if *before != word => {
                // Two answers for one path: the one that claims less wins, and the list is in doubt.
                self.problem(Some(number), malformed("contradicts an earlier line about the same path"));
                if matches!(word, Word::Denied) {
                    self.lines.insert(path, word);
                }
            }
            Some(_) => {}
            None => {
                self.lines.insert(path, word);
            }
        }
    }

    /// What the listing says about a normal path, itself or by a folder above it.
    pub(crate) fn find(&self, path: &str) -> Listed<'_> {
        let mut at = path;
        loop {
            match self.lines.get(at) {
                Some(Word::Present(proof)) if at == path => return Listed::Present(proof),
                Some(Word::Absent) => return Listed::Absent,
                Some(Word::Denied) => return Listed::Denied,
                Some(Word::Present(_)) | None => {}
            }
            match at.rsplit_once('/') {
                Some((above, _)) => at = above,
                None => return Listed::Nothing,
            }
        }
    }

    /// Paths listed as present.
    pub(crate) fn present(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter(|(_, word)| matches!(word, Word::Present(_))).map(|(path, _)| path.as_str())
    }

    /// Paths listed as denied.
    pub(crate) fn denied(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter(|(_, word)| matches!(word, Word::Denied)).map(|(path, _)| path.as_str())
    }

    /// Whether a line names something directly inside `folder`, which shows that the collector listed it.
    pub(crate) fn looked_into(&self, folder: &str) -> bool {
        let prefix = format!("{folder}/");
        self.lines
            .range(prefix.clone()..)
            .take_while(|(path, _)| path.starts_with(&prefix))
            .any(|(path, word)| matches!(word, Word::Present(_)) && !path[prefix.len()..].contains('/'))
    }
}

fn unescape(path: &str) -> Option<String> {
    if !path.contains('\\') {
        return Some(path.to_owned());
    }
    let mut plain = String::with_capacity(path.len());
    let mut characters = path.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        plain.push(match characters.next()? {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '\\' => '\\',
            _ => return None,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn parse(text: &str) -> Listing {
        Listing::parse(text.as_bytes(), "web-1")
    }

    #[test]
    fn a_folder_that_is_absent_or_denied_answers_for_everything_below_it() {
        let listing = parse("absent /nonexistent\ndenied home/ana/.ssh\n");
        assert!(listing.problems.is_empty(), "{:?}", listing.problems);
        assert_eq!(listing.find("nonexistent/.ssh/authorized_keys"), Listed::Absent);
        assert_eq!(listing.find("home/ana/.ssh/authorized_keys"), Listed::Denied);
        assert_eq!(listing.find("home/ben/.ssh/authorized_keys"), Listed::Nothing);
        assert_eq!(listing.find("nonexistent2"), Listed::Nothing);
    }

    #[test]
    fn a_versioned_list_without_its_end_line_is_cut_off_and_one_with_it_is_not() {
        let whole = format!("# holdover-files 1\npresent 4 {DIGEST} /etc/passwd\nabsent /etc/sudoers\n# end 2\n");
        assert!(parse(&whole).problems.is_empty());
        for cut in 20..whole.len() {
            assert!(!Listing::parse(&whole.as_bytes()[..cut], "web-1").problems.is_empty(), "cut at {cut} must show");
        }
    }

    #[test]
    fn lines_that_are_not_understood_are_problems_and_their_neighbours_count() {
        let listing = parse(&format!("present x {DIGEST} /a\nabsent /b\nmaybe /c\npresent 1 abc /d\nabsent /../e\n"));
        assert_eq!(listing.problems.len(), 4, "{:?}", listing.problems);
        assert_eq!(listing.find("b"), Listed::Absent);
        assert_eq!(listing.find("c"), Listed::Nothing);
    }

    #[test]
    fn a_path_with_a_line_break_is_escaped() {
        let listing = parse("absent /home/a\\nb/c\\\\d\nabsent /bad\\q\n");
        assert_eq!(listing.find("home/a\nb/c\\d"), Listed::Absent);
        assert_eq!(listing.problems.len(), 1);
    }

    #[test]
    fn another_hosts_listing_is_the_wrong_system_and_the_same_host_by_its_full_name_is_not() {
        assert!(matches!(parse("# host: db-1\nabsent /x\n").problems[0].1, Cause::WrongSystem { .. }));
        assert!(parse("# host: web-1.acme.example\nabsent /x\n").problems.is_empty());
    }

    #[test]
    fn two_answers_for_one_path_are_a_problem() {
        let listing = parse(&format!("present 4 {DIGEST} /a\ndenied /a\n"));
        assert_eq!(listing.problems.len(), 1);
        assert_eq!(listing.find("a"), Listed::Denied);
    }
}
