//! JSON pointers (RFC 6901) into a document, and the form people read.

use super::tree::{Content, Entry, Node};

/// The node at a pointer, with its entry where it is the value of a key.
pub(super) fn find<'a>(root: &'a Node, pointer: &str) -> Option<(&'a Node, Option<&'a Entry>)> {
    let mut node = root;
    let mut entry = None;
    for step in steps(pointer)? {
        match &node.content {
            Content::Mapping(mapping) => {
                let found = mapping.find(&step)?;
                node = &found.value;
                entry = Some(found);
            }
            Content::Sequence(items) => {
                let position = step.parse::<usize>().map_or(None, |position| items.get(position));
                node = position?;
                entry = None;
            }
            Content::Scalar(_) => return None,
        }
    }
    Some((node, entry))
}

/// The pointer of a child: `join("/systems/2", "tier")`.
pub fn join(pointer: &str, step: &str) -> String {
    format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"))
}

/// A pointer as people read it: `/systems/2/tier` is `systems[2].tier`.
pub fn key_path(pointer: &str) -> String {
    let mut path = String::new();
    for step in steps(pointer).into_iter().flatten() {
        let is_position = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
        if is_position && !path.is_empty() {
            path.push('[');
            path.push_str(&step);
            path.push(']');
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&step);
        }
    }
    path
}

fn steps(pointer: &str) -> Option<impl Iterator<Item = String>> {
    let rest = if pointer.is_empty() { None } else { Some(pointer.strip_prefix('/')?) };
    Some(rest.into_iter().flat_map(|rest| rest.split('/').map(|step| step.replace("~1", "/").replace("~0", "~"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_reads_like_a_path() {
        assert_eq!(key_path(""), "");
        assert_eq!(key_path("/systems/2/tier"), "systems[2].tier");
        assert_eq!(key_path("/columns/a~1b"), "columns.a/b");
        assert_eq!(join("/columns", "a/b~c"), "/columns/a~1b~0c");
    }
}
