//! Normal forms for comparison: NFC and locale-independent case folding (IDN-2). The original spelling is kept for
//! display by whoever calls.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;

/// The form in which mail addresses and logins are compared. Surrounding white space is dropped. Idempotent.
pub fn fold(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let normalizer = ComposingNormalizerBorrowed::new_nfc();
    let mapper = CaseMapper::new();
    let composed = normalizer.normalize(text);
    let folded = mapper.fold_string(&composed).into_owned();
    // Folding can leave decomposed sequences; composing again makes the form stable.
    Cow::Owned(normalizer.normalize(&folded).into_owned())
}

/// NFC without case folding: for identifiers that are compared exactly.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { ComposingNormalizerBorrowed::new_nfc().normalize(text) }
}

/// Local part and domain of an address, folded; `None` without exactly one usable `@`.
pub fn split_address(folded: &str) -> Option<(&str, &str)> {
    let (local, domain) = folded.rsplit_once('@')?;
    (!local.is_empty() && !domain.is_empty()).then_some((local, domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composed_and_decomposed_and_upper_case_are_one() {
        assert_eq!(fold("Zo\u{308}e@Acme.Example"), fold("zö\u{65}@acme.example"));
        assert_eq!(fold("STRASSE"), fold("straße"));
        assert_eq!(fold("ÅSA"), fold("a\u{30a}sa"));
    }

    #[test]
    fn folding_twice_changes_nothing_more() {
        for text in ["İstanbul", "ǅ", "ﬁn", "Ω", "ᾳ"] {
            assert_eq!(fold(&fold(text)), fold(text), "{text}");
        }
    }
}
