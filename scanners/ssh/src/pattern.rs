//! The two pattern languages of a host: those of sshd and those of `glob(3)`.

/// Whether `text` matches an sshd pattern: `*` any run, `?` one byte (sshd: `match_pattern`).
pub(crate) fn matches(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let (mut at, mut want) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(want) {
            Some(b'*') => {
                retry = Some((want + 1, at));
                want += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[at] => {
                at += 1;
                want += 1;
            }
            _ => match retry {
                Some((after, from)) => {
                    want = after;
                    at = from + 1;
                    retry = Some((after, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[want..].iter().all(|byte| *byte == b'*')
}

/// What a comma-separated list of patterns says about a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListMatch {
    /// A negated pattern matches: that wins.
    Negated,
    /// A pattern matches.
    Yes,
    /// None does.
    No,
}

/// Holds `text` against patterns separated by commas, each perhaps negated by `!` (sshd: `match_pattern_list`).
pub(crate) fn matches_list(text: &str, list: &str) -> ListMatch {
    let mut found = ListMatch::No;
    for item in list.split(',') {
        let (negated, pattern) = item.strip_prefix('!').map_or((false, item), |rest| (true, rest));
        if pattern.is_empty() && item.is_empty() {
            continue;
        }
        if matches(text, pattern) {
            if negated {
                return ListMatch::Negated;
            }
            found = ListMatch::Yes;
        }
    }
    found
}

/// Whether a path matches a pattern of `glob(3)`: `*`, `?` and `[...]` stay inside one part of the path, and a
/// leading dot must be written.
pub(crate) fn glob(pattern: &str, path: &str) -> bool {
    let (wanted, parts): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    wanted.len() == parts.len() && wanted.iter().zip(&parts).all(|(wanted, part)| glob_part(wanted, part))
}

fn glob_part(pattern: &str, part: &str) -> bool {
    if part.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let part: Vec<char> = part.chars().collect();
    // One row of a table of reachable ends: no recursion, so that a hostile pattern costs its length times ours.
    let mut reached = vec![false; part.len() + 1];
    reached[0] = true;
    let mut at = 0;
    while at < pattern.len() {
        let mut next = vec![false; part.len() + 1];
        let step = match pattern[at] {
            '*' => {
                let mut any = false;
                for (index, slot) in next.iter_mut().enumerate() {
                    any |= reached[index];
                    *slot = any;
                }
                at += 1;
                reached = next;
                continue;
            }
            '?' => (1, Class::Any),
            '[' => class(&pattern[at..]),
            '\\' if at + 1 < pattern.len() => (2, Class::One(pattern[at + 1])),
            other => (1, Class::One(other)),
        };
        for index in 0..part.len() {
            if reached[index] && step.1.holds(part[index]) {
                next[index + 1] = true;
            }
        }
        reached = next;
        at += step.0;
    }
    reached[part.len()]
}

enum Class {
    Any,
    One(char),
    Set(bool, Vec<(char, char)>),
}

impl Class {
    fn holds(&self, character: char) -> bool {
        match self {
            Self::Any => true,
            Self::One(one) => *one == character,
            Self::Set(negated, ranges) => {
                ranges.iter().any(|(low, high)| *low <= character && character <= *high) != *negated
            }
        }
    }
}

/// Reads `[...]`; a bracket that never closes stands for itself.
fn class(pattern: &[char]) -> (usize, Class) {
    let mut at = 1;
    let negated = matches!(pattern.get(at), Some('!' | '^'));
    if negated {
        at += 1;
    }
    let mut ranges = Vec::new();
    let first = at;
    while let Some(character) = pattern.get(at) {
        if *character == ']' && at > first {
            return (at + 1, Class::Set(negated, ranges));
        }
        match (pattern.get(at + 1), pattern.get(at + 2)) {
            (Some('-'), Some(high)) if *high != ']' => {
                ranges.push((*character, *high));
                at += 3;
            }
            _ => {
                ranges.push((*character, *character));
                at += 1;
            }
        }
    }
    (1, Class::One('['))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_as_in_sshd() {
        for (text, pattern) in
            [("ana", "ana"), ("ana", "*"), ("ana", "a?a"), ("svc-web", "svc-*"), ("", "*"), ("aab", "*ab")]
        {
            assert!(matches(text, pattern), "{pattern} must match {text}");
        }
        for (text, pattern) in [("ana", "an"), ("an", "ana"), ("ana", "a?"), ("", "?"), ("Ana", "ana")] {
            assert!(!matches(text, pattern), "{pattern} must not match {text}");
        }
    }

    #[test]
    fn a_negated_pattern_wins_over_every_other() {
        assert_eq!(matches_list("ana", "*,!ana"), ListMatch::Negated);
        assert_eq!(matches_list("ben", "*,!ana"), ListMatch::Yes);
        assert_eq!(matches_list("ben", "!ana"), ListMatch::No);
    }

    #[test]
    fn a_glob_stays_inside_one_part_of_the_path() {
        assert!(glob("etc/ssh/sshd_config.d/*.conf", "etc/ssh/sshd_config.d/10-x.conf"));
        assert!(!glob("etc/ssh/*.conf", "etc/ssh/sshd_config.d/10-x.conf"));
        assert!(!glob("etc/ssh/*", "etc/ssh/.hidden"));
        assert!(glob("etc/[a-c]x", "etc/bx") && !glob("etc/[!a-c]x", "etc/bx") && glob("etc/[x", "etc/[x"));
    }

    #[test]
    fn a_hostile_pattern_ends_in_good_time() {
        let pattern = "*a".repeat(2_000);
        assert!(!matches(&"a".repeat(1_999), &pattern));
        assert!(!glob(&pattern, &"a".repeat(1_999)));
    }
}
