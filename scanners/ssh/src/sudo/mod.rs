//! `sudoers`: who may act as somebody else on a host (sudoers(5)).

mod apply;
mod expand;
mod lex;
mod parse;
mod read;

#[cfg(test)]
pub(crate) use apply::tests::ACCEPTED;
pub(crate) use apply::{Found, HostNames, Right, rights};
pub(crate) use read::read_rules;
