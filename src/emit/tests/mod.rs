//! What holds for every format together.

mod golden;
pub(crate) mod hostile;
mod roundtrip;
mod standards;
mod volume;

use crate::config::valid::{OutputFormat, PersonDisplay};
use crate::emit::{EmitContext, render, sample};
use crate::report::Report;

/// Renders with the sample's context and this way of showing persons.
fn rendered(format: OutputFormat, report: &Report, persons: PersonDisplay) -> String {
    let places = sample::places();
    let key = sample::key();
    let context = EmitContext { persons, key: Some(&key), ..sample::context(&places) };
    let mut bytes = Vec::new();
    render(format, report, &context, &mut bytes).expect("a vector takes everything");
    String::from_utf8(bytes).expect("every format is UTF-8")
}
