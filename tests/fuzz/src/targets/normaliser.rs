//! Normal forms of addresses and logins (IDN-2).

use holdover::normal::{fold, nfc, split_address};

pub(super) const HOLDS: &str = "folding and composing a second time change nothing; case and composition never tell two texts \
    apart; the parts of an address are not empty and make it whole";

pub(super) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let folded = fold(&text).into_owned();
    assert_eq!(fold(&folded), folded, "folding {text:?} twice");
    let composed = nfc(&text).into_owned();
    assert_eq!(nfc(&composed), composed, "composing {text:?} twice");
    assert_eq!(fold(&composed), folded, "{text:?} composed is another");
    if text.is_ascii() {
        assert_eq!(fold(&text.to_ascii_uppercase()), folded);
        assert_eq!(folded, text.trim().to_ascii_lowercase());
    }
    if let Some((local, domain)) = split_address(&folded) {
        assert!(!local.is_empty() && !domain.is_empty() && !domain.contains('@'));
        assert_eq!(format!("{local}@{domain}"), folded);
    }
}
