//! What the public page shows is what happens.

use scan_contract::{AccessKind, Privilege, ScopeState, Status, Subtype};
use scan_import::Field;

use crate::native::read;

const PAGE: &str = include_str!("../../../../docs/import-format.md");

/// The first fenced block of a language.
fn block(language: &str) -> &'static str {
    let start = format!("```{language}\n");
    let (_, rest) = PAGE.split_once(&start).expect("the page has such a block");
    rest.split_once("```").expect("the block ends").0
}

#[test]
fn the_example_ends_as_the_page_says() {
    let outcome = read(block("json").as_bytes().to_vec());
    for (scope, state) in
        [("accounts", ScopeState::Complete), ("api-tokens", ScopeState::Complete), ("sessions", ScopeState::Denied)]
    {
        assert_eq!(outcome.state(scope), state, "{}", outcome.text());
    }
    assert_eq!(outcome.ids(), ["u-19", "tok_81"]);
}

#[test]
fn every_word_and_field_is_on_the_page() {
    let vocabularies = [AccessKind::WORDS, Status::WORDS, Privilege::WORDS, Subtype::WORDS];
    let fields = Field::ALL.iter().map(|field| field.as_str());
    for word in vocabularies.into_iter().flatten().copied().chain(fields) {
        assert!(PAGE.contains(&format!("`{word}`")), "{word} is missing on the page");
    }
}
