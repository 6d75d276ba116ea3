//! Answers of EC2, as a tree of elements. Attributes, comments and instructions say nothing and are left out; a
//! document type is refused.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use scan_contract::Cause;

use crate::text::short;

/// Deepest nesting that is read.
const DEPTH: usize = 32;

/// One element.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Text of the first child of this name; `None` where there is none or it is empty.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }

    /// Children of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Reads a document to its end.
    ///
    /// # Errors
    /// `CutOff` if an element is not closed; `Malformed` for what is no XML.
    pub(crate) fn read(text: &str, operation: &str) -> Result<Self, Cause> {
        let malformed = |what: &str| Cause::Malformed { what: format!("{operation}: {what}") };
        let mut reader = Reader::from_str(text);
        let mut open: Vec<Self> = Vec::new();
        let mut root: Option<Self> = None;
        loop {
            let event = reader.read_event().map_err(|_| malformed("the answer is no XML"))?;
            match event {
                Event::Start(start) => {
                    if root.is_some() || open.len() >= DEPTH {
                        return Err(malformed("the answer goes on after its end, or too deep"));
                    }
                    let name = start.local_name().as_ref().to_owned();
                    open.push(Self { name: as_text(&name), ..Self::default() });
                }
                Event::Empty(start) => {
                    if root.is_some() {
                        return Err(malformed("the answer goes on after its end"));
                    }
                    let name = as_text(start.local_name().as_ref());
                    close(&mut open, &mut root, Self { name, ..Self::default() });
                }
                Event::End(_) => match open.pop() {
                    Some(element) => close(&mut open, &mut root, element),
                    None => return Err(malformed("an element is closed that was not opened")),
                },
                Event::Text(text) => add(&mut open, &text.xml10_content()),
                Event::CData(text) => add(&mut open, &text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let name = reference.xml10_content();
                    match reference.resolve_char_ref() {
                        Ok(Some(letter)) => add(&mut open, letter.encode_utf8(&mut [0; 4])),
                        Ok(None) => match resolve_predefined_entity(&name) {
                            Some(text) => add(&mut open, text),
                            None => return Err(malformed("an entity that XML does not know")),
                        },
                        Err(_) => return Err(malformed("a character that is none")),
                    }
                }
                Event::DocType(_) => return Err(malformed("a document type")),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Eof => break,
            }
        }
        match root {
            Some(root) if open.is_empty() => Ok(root),
            _ => Err(Cause::CutOff { what: format!("{operation}: the answer ends inside an element") }),
        }
    }
}

/// Code and message of a refusal; EC2 writes `Response/Errors/Error`, other services `ErrorResponse/Error`.
pub(crate) fn refusal(text: &str) -> Option<(String, String)> {
    let Ok(root) = Element::read(text, "refusal") else { return None };
    let error = root.child("Errors").and_then(|errors| errors.child("Error")).or_else(|| root.child("Error"))?;
    let message = error.text_of("Message").unwrap_or("");
    error.text_of("Code").map(|code| (short(code, 80), message.to_owned()))
}

fn as_text(name: &str) -> String {
    name.to_owned()
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn close(open: &mut [Element], root: &mut Option<Element>, element: Element) {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_texts_and_references_are_read() {
        let text = "<?xml version=\"1.0\"?><a xmlns=\"u\"><b>x &amp; &#121;</b><b><![CDATA[<z>]]></b><c/></a>";
        let root = Element::read(text, "test").expect("XML");
        let texts: Vec<&str> = root.all("b").map(|child| child.text.as_str()).collect();
        assert_eq!(texts, ["x & y", "<z>"]);
        assert_eq!((root.text_of("c"), root.text_of("d")), (None, None));
    }

    #[test]
    fn what_is_cut_is_cut_and_what_is_no_xml_is_damage() {
        let whole = "<a><b>x</b></a>";
        for end in 1..whole.len() {
            assert!(Element::read(&whole[..end], "test").is_err(), "{end}");
        }
        for wrong in ["", "text", "<a></b>", "<!DOCTYPE a><a/>", "<a>&lol;</a>", "<a/><b/>"] {
            assert!(Element::read(wrong, "test").is_err(), "{wrong}");
        }
    }
}
