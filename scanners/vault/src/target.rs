//! Paths of the server's interface, made of fixed words, mounts and names from outside.

use scan_contract::Cause;

use crate::allow::{ALLOW, NEVER_IN_A_MOUNT};
use crate::mount::{Mount, Namespace};
use crate::names;

/// A path below `/v1/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    encoded: String,
    plain: String,
    mount: Option<String>,
    trouble: Option<Cause>,
}

impl Target {
    /// A path of fixed words.
    pub(crate) fn of(path: &str) -> Self {
        Self { encoded: path.to_owned(), plain: path.to_owned(), mount: None, trouble: None }
    }

    /// A path below a mount.
    pub(crate) fn at(mount: &Mount) -> Self {
        let mut target = Self::of("");
        if mount.engine.is_sign_in() {
            target = Self::of("auth");
        }
        for segment in mount.path.split('/') {
            if !mount.engine.is_sign_in() && NEVER_IN_A_MOUNT.contains(&segment) {
                target.trouble = Some(Cause::NotSupported {
                    what: format!(
                        "mount {}: its path holds the word {segment}, and a request for it could not be told from one that reads secrets",
                        names::shown(&mount.path)
                    ),
                });
            }
            target = target.name(segment);
        }
        target.mount = Some(mount.path.clone());
        target
    }

    /// Further fixed words.
    #[must_use]
    pub(crate) fn then(mut self, words: &str) -> Self {
        self.push(words, words);
        self
    }

    /// One segment more, whatever its letters.
    #[must_use]
    pub(crate) fn name(mut self, name: &str) -> Self {
        if name.contains('/') || names::is_unspeakable(name) {
            self.trouble.get_or_insert(cannot_say(name));
        }
        self.push(&names::encode(name), name);
        self
    }

    /// Several segments more. An empty path adds nothing.
    #[must_use]
    pub(crate) fn below(mut self, path: &str) -> Self {
        // One closing slash marks a folder; a second one is a name that is empty.
        let path = path.strip_suffix('/').unwrap_or(path);
        if path.is_empty() {
            return self;
        }
        if names::is_unspeakable(path) {
            self.trouble.get_or_insert(cannot_say(path));
        }
        let encoded = path.split('/').map(names::encode).collect::<Vec<_>>().join("/");
        self.push(&encoded, path);
        self
    }

    fn push(&mut self, encoded: &str, plain: &str) {
        if !self.encoded.is_empty() {
            self.encoded.push('/');
            self.plain.push('/');
        }
        self.encoded.push_str(encoded);
        self.plain.push_str(plain);
    }

    /// The path as it goes into an address.
    pub(crate) fn encoded(&self) -> Result<&str, Cause> {
        self.trouble.clone().map_or(Ok(&self.encoded), Err)
    }

    /// The path for messages.
    pub(crate) fn shown(&self) -> String {
        names::shown(&self.plain)
    }

    /// The name in it is one that no address can carry.
    pub(crate) fn unspeakable(&self) -> Cause {
        cannot_say(&self.plain)
    }

    /// The server refused: what is needed, as a policy writes it.
    pub(crate) fn denied(&self, namespace: &Namespace, capability: &str) -> Cause {
        let path = format!("{}{}", namespace.prefix(), self.shown());
        let permission = match self.policy_line(namespace, capability) {
            Some(line) => format!("{capability} on {path} (policy: {line})"),
            None => format!("{capability} on {path}"),
        };
        Cause::Denied { permission }
    }

    /// The line of the policy that gives it, from the table.
    fn policy_line(&self, namespace: &Namespace, capability: &str) -> Option<String> {
        let rights =
            ALLOW.operations.iter().flat_map(|operation| operation.rights).filter_map(|right| right.split_once(" on "));
        let mut fitting: Vec<(&str, String)> = rights
            .filter(|(words, _)| words.split(',').any(|word| word == capability))
            .map(|(words, pattern)| {
                let mount = self.mount.as_deref().unwrap_or("{mount}");
                (words, pattern.replace("{mount}", mount))
            })
            .filter(|(_, pattern)| {
                fits(pattern, &self.plain) || (capability == "list" && fits(pattern, &format!("{}/", self.plain)))
            })
            .collect();
        fitting.sort_by_key(|(_, pattern)| std::cmp::Reverse(pattern.len()));
        let (words, pattern) = fitting.first()?;
        let words: Vec<String> = words.split(',').map(|word| format!("\"{word}\"")).collect();
        Some(format!("path \"{}{pattern}\" {{ capabilities = [{}] }}", namespace.prefix(), words.join(", ")))
    }
}

fn cannot_say(name: &str) -> Cause {
    Cause::Malformed { what: format!("the name {:?} cannot be put into an address", names::shown(name)) }
}

/// Whether a pattern of a policy covers a path: `+` is one segment, `*` at the end is the rest.
fn fits(pattern: &str, path: &str) -> bool {
    let (bare, open) = pattern.strip_suffix('*').map_or((pattern, false), |bare| (bare, true));
    let parts: Vec<&str> = bare.split('/').collect();
    let segments: Vec<&str> = path.split('/').collect();
    let covers = |(part, segment): (&&str, &&str)| *part == "+" || part == segment;
    if open {
        let (last, head) = parts.split_last().unwrap_or((&"", &[]));
        segments.len() > head.len()
            && head.iter().zip(&segments).all(covers)
            && segments.get(head.len()).is_some_and(|segment| segment.starts_with(last))
    } else {
        parts.len() == segments.len() && parts.iter().zip(&segments).all(covers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mount::Engine;

    fn kv(path: &str) -> Mount {
        Mount { path: path.to_owned(), engine: Engine::KvV2, accessor: String::new() }
    }

    #[test]
    fn hostile_names_stay_in_their_place() {
        let target = Target::at(&kv("team a/kv")).then("metadata").below("x/ä?#/%2e");
        assert_eq!(target.encoded(), Ok("team%20a/kv/metadata/x/%C3%A4%3F%23/%252e"));
        for path in ["..", "a/../data", "a//b", ".", "a//"] {
            assert!(Target::at(&kv("kv")).then("metadata").below(path).encoded().is_err(), "{path}");
        }
        assert!(Target::of("identity/entity/id").name("a/b").encoded().is_err());
    }

    #[test]
    fn a_mount_that_could_be_mistaken_is_refused_before_anything_is_sent() {
        for path in ["secret/data", "data", "a/cubbyhole/b", "x/creds"] {
            let cause = Target::at(&kv(path)).then("metadata").encoded().map(str::to_owned).expect_err(path);
            assert!(matches!(cause, Cause::NotSupported { .. }), "{cause}");
        }
        assert!(Target::at(&kv("database-kv")).then("metadata").encoded().is_ok());
    }

    #[test]
    fn a_refusal_names_path_capability_and_policy_line() {
        let namespace = Namespace::of("team-a");
        let target = Target::at(&kv("secret")).then("metadata").below("app/db");
        let Cause::Denied { permission } = target.denied(&namespace, "read") else { panic!("no denial") };
        assert_eq!(
            permission,
            "read on team-a/secret/metadata/app/db (policy: path \"team-a/secret/metadata/*\" { capabilities = [\"read\"] })"
        );
        let Cause::Denied { permission } = Target::of("auth/token/accessors").denied(&Namespace::of(""), "list") else {
            panic!("no denial")
        };
        assert!(
            permission.ends_with("path \"auth/token/accessors\" { capabilities = [\"list\", \"sudo\"] })"),
            "{permission}"
        );
    }
}
