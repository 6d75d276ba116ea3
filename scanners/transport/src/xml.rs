//! XML under limits, before a library parses it: depth, number of elements, no document types, and an end that is one.
//! A text may be as long as the body: the credential report of an AWS account is one text, and grows with its users.

use quick_xml::Reader;
use quick_xml::events::Event;
use scan_contract::Cause;

use crate::settings::Limits;

/// Most elements of one document.
const ELEMENTS: usize = 5_000_000;

/// Looks over a document.
///
/// # Errors
/// `LimitHit` for depth and elements; `Malformed` for a document type (entities can grow without end) and for
/// what is not well formed, a missing end included.
pub(crate) fn look_over(operation: &str, body: &[u8], limits: &Limits) -> Result<(), Cause> {
    let malformed = |what: &str| Cause::Malformed { what: format!("{operation}: {what}") };
    let hit = |limit: String| Err(Cause::LimitHit { limit: format!("{operation}: {limit}") });
    let text = std::str::from_utf8(body).map_err(|_| malformed("XML that is not UTF-8"))?;
    let mut reader = Reader::from_str(text);
    let (mut open, mut elements) = (0_usize, 0_usize);
    loop {
        let event = reader.read_event();
        let event =
            event.map_err(|_| malformed(&format!("not well-formed XML at byte {}", reader.error_position())))?;
        match event {
            Event::Start(_) => {
                open += 1;
                elements += 1;
            }
            Event::Empty(_) => elements += 1,
            Event::End(_) => open = open.saturating_sub(1),
            Event::DocType(_) => return Err(malformed("XML with a document type")),
            Event::Eof if open > 0 || elements == 0 => return Err(malformed("the XML ends too early")),
            Event::Eof => return Ok(()),
            _ => {}
        }
        if open > limits.depth {
            return hit(format!("{} levels of XML", limits.depth));
        }
        if elements > ELEMENTS {
            return hit(format!("more than {ELEMENTS} XML elements"));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limits() -> Limits {
        Limits { depth: 4, ..Limits::default() }
    }

    fn says(body: &str) -> Result<(), String> {
        look_over("op", body.as_bytes(), &limits()).map_err(|cause| cause.to_string())
    }

    #[test]
    fn a_good_document_passes() {
        assert_eq!(says("<?xml version=\"1.0\"?>\n<R xmlns=\"u\"><a>x &amp; y</a><b/><![CDATA[z]]></R>\n"), Ok(()));
        assert_eq!(says("<a><a><a><a/></a></a></a>"), Ok(()));
    }

    #[test]
    fn depth_is_bounded_and_document_types_refused() {
        let deep = "<a>".repeat(100_000);
        assert!(says(&deep).unwrap_err().contains("4 levels of XML"));
        assert_eq!(says(&format!("<a>{}</a>", "x".repeat(10_000))), Ok(()));
        assert!(says("<!DOCTYPE a [<!ENTITY b \"canary\">]><a>&b;</a>").unwrap_err().contains("document type"));
    }

    #[test]
    fn a_document_without_its_end_is_told_and_never_quoted() {
        let whole = "<R><a>canary</a><b x=\"y\"/></R>";
        assert_eq!(says(whole), Ok(()));
        for length in 0..whole.len() {
            let refused = says(&whole[..length]).unwrap_err();
            assert!(!refused.contains("canary"), "{length}: {refused}");
        }
        assert!(says("<a></b>").is_err());
        assert!(says("{\"a\":1}").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,60}", pieces in prop::collection::vec("<a>|</a>|<a/>|<b x='y'>|&amp;|x|<!--|-->|<![CDATA[|]]>|<?x ?>", 0..12)) {
            drop(says(&text));
            drop(says(&pieces.concat()));
        }
    }
}
