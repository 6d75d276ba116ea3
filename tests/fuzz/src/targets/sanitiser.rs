//! Foreign text for people's eyes: `hostile::line` and `hostile::short` (OUT-3).

use holdover::hostile;

use crate::help::unseen::check_inert;

pub(super) const HOLDS: &str = "nothing that acts or is not seen is left; a second time changes nothing; a short text has \
    at most as many characters as asked for; every harmless character stays";

pub(super) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let line = hostile::line(&text);
    check_inert(&line, false);
    assert_eq!(hostile::line(&line), line, "not idempotent");
    assert!(line.chars().count() <= text.chars().count() * 10, "it grew beyond its escapes");
    // What is left out is only what acts: the rest stands there in its order.
    let mut rest = line.chars();
    for harmless in text.chars().filter(|character| !hostile::is_dangerous(*character)) {
        assert!(rest.any(|shown| shown == harmless), "{harmless:?} got lost in {line:?}");
    }
    for limit in [0, 1, 7, 40] {
        let short = hostile::short(&text, limit);
        assert!(short.chars().count() <= limit.max(1), "{limit}: {short:?}");
        check_inert(&short, false);
    }
}
