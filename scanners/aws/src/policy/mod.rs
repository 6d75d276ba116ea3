//! How far a policy document reaches, and whom a trust policy names.
//!
//! Never guesses downwards: what is not understood is `unknown`, conditions and permissions boundaries are noted and
//! change nothing, and only a plain deny of everything takes access away. The words it judges by are data, in
//! `data/actions.json` and `data/managed-policies.json`.

pub(crate) mod document;
pub(crate) mod judge;
pub(crate) mod pattern;
pub(crate) mod reach;
pub(crate) mod tables;
pub(crate) mod trust;
