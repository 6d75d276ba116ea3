//! Vault policies: read from their text, and asked what they allow.
//!
//! | file | what it holds |
//! |---|---|
//! | [`lex`] | tokens of the policy language |
//! | [`parse`] | policy text, as blocks or as JSON, into rules |
//! | [`template`] | `{{identity...}}` filled in for one entity |
//! | [`acl`](mod@rules) | the rules of several policies together: which one decides a path |
//! | [`judge`] | how far a set of rules reaches |
//!
//! The rules of precedence are those of the vendor's "Policies" page: the most specific pattern decides, equal patterns
//! of several policies are united, and `deny` wins among equals.

mod capability;
mod judge;
mod lex;
mod parse;
mod rules;
mod template;

pub(crate) use judge::{Reach, judge};
pub(crate) use parse::Policy;
pub(crate) use rules::Acl;
pub(crate) use template::{GroupFacts, Subject, SubjectAlias};

#[cfg(test)]
mod tests;
