//! XML replies: budgets, no document types, and what of them is recorded.

use quick_xml::Reader;
use quick_xml::events::Event;
use scan_contract::Cause;
use scan_transport::allow::Keep;
use scan_transport::fuzzing::{look_over_xml, reduce};
use scan_transport::settings::Limits;

use crate::help::unseen::check_inert;

pub(super) const HOLDS: &str = "what passes has no document type, is no deeper than the budget and closes every element; a \
    recording holds no element, attribute or comment that is not on its list; a second time changes nothing";

const NAMES: &[&str] = &["Users", "member", "UserName"];

pub(super) fn run(bytes: &[u8]) {
    let limits = Limits { depth: 12, ..Limits::default() };
    match look_over_xml(bytes, &limits) {
        Ok(()) => {
            let text = std::str::from_utf8(bytes).expect("what passes is UTF-8");
            assert!(depth(text).is_some_and(|depth| depth <= 12), "{text:?}");
        }
        Err(cause) => {
            assert!(!matches!(cause, Cause::Bug { .. }), "{cause}");
            check_inert(&cause.to_string(), false);
        }
    }
    let kept = reduce(Keep::Xml(NAMES), bytes);
    let mut reader = Reader::from_str(&kept);
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("a recording that is no XML ({error}): {kept:?}")) {
            Event::Start(start) | Event::Empty(start) => {
                assert!(NAMES.contains(&start.local_name().as_ref()), "{start:?} is not on the list: {kept:?}");
                assert!(start.attributes().next().is_none(), "an attribute stays: {kept:?}");
            }
            Event::Comment(_) | Event::PI(_) | Event::DocType(_) => panic!("it stays: {kept:?}"),
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(reduce(Keep::Xml(NAMES), kept.as_bytes()), kept, "a second time changes it");
}

/// Depth of a document whose elements are all closed.
fn depth(text: &str) -> Option<usize> {
    let mut reader = Reader::from_str(text);
    let (mut open, mut deepest) = (0_usize, 0);
    loop {
        match reader.read_event().ok()? {
            Event::Start(_) => {
                open += 1;
                deepest = deepest.max(open);
            }
            Event::Empty(_) => deepest = deepest.max(open + 1),
            Event::End(_) => open = open.checked_sub(1)?,
            Event::DocType(_) => return None,
            Event::Eof => return (open == 0).then_some(deepest),
            _ => {}
        }
    }
}
