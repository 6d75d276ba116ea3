//! Outputs are written as they go: no format may hold a document of its own.

use std::io::{self, Write};

use crate::config::valid::{OutputFormat, PersonDisplay};
use crate::emit::{EmitContext, render, sample};

/// Counts bytes and remembers the largest piece it was handed.
#[derive(Default)]
struct Pieces {
    total: usize,
    largest: usize,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.total += bytes.len();
        self.largest = self.largest.max(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn no_format_hands_over_more_than_a_record_at_once() {
    let mut report = sample::rich();
    let first = report.findings.clone();
    for round in 0..200_u8 {
        report.findings.extend(first.iter().cloned().map(|mut finding| {
            finding.fingerprint.0[0] = round;
            finding
        }));
    }
    let places = sample::places();
    let key = sample::key();
    for format in OutputFormat::ALL {
        let context = EmitContext { persons: PersonDisplay::Pseudonym, key: Some(&key), ..sample::context(&places) };
        let mut pieces = Pieces::default();
        render(format, &report, &context, &mut pieces).expect("written");
        // The style sheet of the page is the largest piece of all.
        assert!(pieces.largest < 16 * 1024, "{format:?}: one piece of {} of {} bytes", pieces.largest, pieces.total);
        assert!(format == OutputFormat::Table || pieces.total > 20 * pieces.largest, "{format:?}");
    }
}

#[test]
fn a_closed_pipe_is_told_apart() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let places = sample::places();
    for format in OutputFormat::ALL {
        let error = render(format, &sample::rich(), &sample::context(&places), &mut Closed).expect_err("closed");
        assert!(error.is_closed_pipe(), "{format:?}: {error}");
    }
}
