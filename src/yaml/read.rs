//! From text to tree, with the limits that keep a document plain.

use std::path::Path;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span};

use crate::problem::{self, Place, Problem};

use super::tree::{Content, Entry, Mapping, Node, Scalar};
use super::{MAX_BYTES, MAX_DEPTH, pointer};

/// Parses one document: the tree as far as it goes, and every mistake.
pub(super) fn tree(file: &Path, text: &str) -> (Option<Node>, Vec<Problem>) {
    if text.len() > MAX_BYTES {
        let says = format!("has {} bytes; at most {MAX_BYTES} are read", text.len());
        return (None, vec![Problem::file(file, says)]);
    }
    // A byte-order mark is no text; with it, the first line's columns would be off by one.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut options = granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
    };
    options.set_emit_comments(false);
    let mut builder = Builder::new(file, text);
    for step in Parser::new_from_str_with_options(text, options) {
        match step {
            Ok((event, span)) => {
                if builder.take(event, &span).is_err() {
                    break;
                }
            }
            Err(error) => {
                builder.refuse(&error);
                break;
            }
        }
    }
    builder.finish()
}

/// A collection that is being read.
enum Open {
    Sequence { place: Place, items: Vec<Node> },
    Mapping { place: Place, mapping: Mapping, key: Option<(String, Place)> },
}

/// Told enough: the rest of the text cannot be placed in the tree.
struct Stop;

struct Builder<'a> {
    file: &'a Path,
    /// Length of each line in characters, for marks that run over several lines.
    line_lengths: Vec<usize>,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    /// Path of the last node with an anchor: the anchor is told behind its node.
    anchored: String,
    problems: Vec<Problem>,
}

impl<'a> Builder<'a> {
    fn new(file: &'a Path, text: &str) -> Self {
        Self {
            file,
            line_lengths: problem::lines(text).map(|line| line.chars().count()).collect(),
            open: Vec::new(),
            root: None,
            documents: 0,
            anchored: String::new(),
            problems: Vec::new(),
        }
    }

    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Stop> {
        let place = self.place(span);
        if let Some(tag) = event.tag() {
            let at = span.tag_span().map_or(place, |tag_span| self.place(&tag_span));
            let says = format!("the tag `{}` is not read", tag.original());
            self.problem(at, says, "leave it out; put a text that looks like a number into quotes");
        }
        if event.is_node() && event.anchor_id().is_some() {
            self.anchored = pointer::key_path(&self.path(self.open.len()));
        }
        match event {
            Event::Scalar(text, style, ..) => {
                let plain = style == ScalarStyle::Plain;
                // The parser writes `~` where nothing stands.
                let text = if plain && span.is_empty() { String::new() } else { text.into_owned() };
                self.scalar(Scalar { text, plain, written: None }, place);
                Ok(())
            }
            Event::SequenceStart(..) => self.descend(Open::Sequence { place, items: Vec::new() }, place),
            Event::MappingStart(..) => {
                self.descend(Open::Mapping { place, mapping: Mapping::default(), key: None }, place)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.ascend();
                Ok(())
            }
            Event::Anchor(_, name) => {
                let says = format!("the anchor `&{name}` is not read");
                let problem = Problem::at(self.file, Some(place), self.anchored.clone(), says);
                self.problems.push(problem.help("write the value where it is meant"));
                Ok(())
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.problem(place, "an alias is not read", "write the value where it is meant");
                self.scalar(Scalar { text: String::new(), plain: true, written: None }, place);
                Ok(())
            }
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.problem(place, "a second document begins here", "one file holds one document");
                    return Err(Stop);
                }
                Ok(())
            }
            // Stream and document ends carry nothing; kinds of events that a later parser may add neither.
            _ => Ok(()),
        }
    }

    fn scalar(&mut self, scalar: Scalar, place: Place) {
        if let Some(Open::Mapping { key: key @ None, .. }) = self.open.last_mut() {
            *key = Some((scalar.text, place));
        } else {
            self.put(Node { place, content: Content::Scalar(scalar) });
        }
    }

    fn descend(&mut self, open: Open, place: Place) -> Result<(), Stop> {
        if let Some(Open::Mapping { key: None, .. }) = self.open.last() {
            self.problem(place, "a key has to be a text", "quote it if it begins with a bracket or a brace");
            return Err(Stop);
        }
        if self.open.len() >= MAX_DEPTH {
            self.problem(place, format!("is nested deeper than {MAX_DEPTH} levels"), "nothing that is read is so deep");
            return Err(Stop);
        }
        self.open.push(open);
        Ok(())
    }

    fn ascend(&mut self) {
        let node = match self.open.pop() {
            Some(Open::Sequence { place, items }) => Node { place, content: Content::Sequence(items) },
            Some(Open::Mapping { place, mapping, .. }) => Node { place, content: Content::Mapping(mapping) },
            None => return,
        };
        self.put(node);
    }

    /// Gives a finished node to the collection it stands in.
    fn put(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping { mapping, key, .. }) => {
                let Some((key, key_place)) = key.take() else { return };
                let earlier = mapping.add(Entry { key: key.clone(), key_place, value: node });
                if let Some(line) = earlier.map(|earlier| earlier.key_place.line) {
                    let path = pointer::key_path(&pointer::join(&self.path(self.open.len() - 1), &key));
                    self.problems.push(
                        Problem::at(self.file, Some(key_place), path, format!("the key `{key}` stands twice"))
                            .help(format!("it stands in line {line} already")),
                    );
                }
            }
        }
    }

    /// Pointer to the child that is read in the innermost of the first `depth` open collections.
    fn path(&self, depth: usize) -> String {
        let mut path = String::new();
        for open in self.open.iter().take(depth) {
            path = match open {
                Open::Sequence { items, .. } => pointer::join(&path, &items.len().to_string()),
                Open::Mapping { key: Some((key, _)), .. } => pointer::join(&path, key),
                Open::Mapping { key: None, .. } => path,
            };
        }
        path
    }

    fn problem(&mut self, place: Place, says: impl Into<String>, help: &str) {
        let key = pointer::key_path(&self.path(self.open.len()));
        self.problems.push(Problem::at(self.file, Some(place), key, says).help(help));
    }

    fn refuse(&mut self, error: &ScanError) {
        let mark = error.marker();
        let place = Place { line: mark.line().max(1), column: mark.col() + 1, length: 1 };
        let problem = Problem::at(self.file, Some(place), String::new(), format!("is no YAML: {}", error.info()));
        self.problems.push(match error.kind() {
            ErrorKind::DirectiveDisallowed => problem.help("leave the line out: YAML 1.2 is what is read"),
            ErrorKind::TabInBlockIndentation | ErrorKind::TabNotAllowed => problem.help("indent with spaces"),
            _ => problem,
        });
    }

    fn place(&self, span: &Span) -> Place {
        let (start, end) = (span.start, span.end);
        let length = if end.line() == start.line() {
            end.col().saturating_sub(start.col())
        } else {
            // The mark ends with its first line.
            let line = start.line().checked_sub(1).and_then(|line| self.line_lengths.get(line));
            line.map_or(1, |length| length.saturating_sub(start.col()))
        };
        Place { line: start.line().max(1), column: start.col() + 1, length: length.max(1) }
    }

    fn finish(mut self) -> (Option<Node>, Vec<Problem>) {
        if self.root.is_none() && self.problems.is_empty() {
            self.problems.push(Problem::file(self.file, "holds nothing"));
        }
        (self.root, self.problems)
    }
}
